import type { Options } from '../options.ts';
import type { Peer } from '../peers.ts';
import { reference } from '../peers.ts';
import { type Rounded, ratios, summarize } from '../report/stats.ts';
import { fixed, spread, type Table } from '../report/table.ts';

/** One thing to measure. */
export interface Scenario<S extends Rounded = Rounded> {
  readonly title: string;
  /** One round of one peer, in processes of its own. */
  measure(peer: Peer, round: number, options: Options): Promise<readonly S[]>;
  tables(samples: readonly S[], options: Options): readonly Table[];
}

/** `1.00×`, the median of the ratios within each round, and their spread. */
export function ratioCell<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
): string {
  if (peer === reference) return '1';
  const all = ratios(samples, peer, reference, value);
  return all.length === 0 ? '-' : spread(summarize(all), (ratio) => fixed(ratio, 2));
}

/** The peers that were measured, in the order of the first round. */
export function peersOf(samples: readonly Rounded[]): readonly string[] {
  return [...new Set(samples.map(({ peer }) => peer))];
}

/** Median and spread of one figure of one peer. */
export function cell<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
  format: (value: number) => string,
): string {
  return spread(summarize(samples.filter((sample) => sample.peer === peer).map(value)), format);
}

/** The median of one figure of one peer, where the spread says nothing. */
export function middle<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
  format: (value: number) => string,
): string {
  return format(summarize(samples.filter((sample) => sample.peer === peer).map(value)).median);
}
