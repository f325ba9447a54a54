import type { Context } from '../context.ts';
import type { Peer } from '../peers.ts';
import { reference } from '../peers.ts';
import { type Rounded, ratios, summarize } from '../report/stats.ts';
import type { Plot } from '../report/svg.ts';
import { fixed, spread, type Table } from '../report/table.ts';

/** One thing to measure. */
export interface Scenario<S extends Rounded = Rounded> {
  readonly title: string;
  /** Everybody who can take part. */
  readonly peers: readonly Peer[];
  /** One round of one peer, in processes of its own. @throws LeftOut when this peer cannot do it. */
  measure(peer: Peer, round: number, context: Context): Promise<readonly S[]>;
  tables(samples: readonly S[], context: Context): readonly Table[];
}

/** A peer that takes no part, and why; the others go on. */
export class LeftOut extends Error {}

/** `1.00`, the median of the ratios within each round, and their spread. */
export function ratioCell<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
  to: string = reference,
): string {
  if (peer === to) return '1';
  const all = ratios(samples, peer, to, value);
  return all.length === 0 ? '-' : spread(summarize(all), (ratio) => fixed(ratio, 2));
}

/** The peers that were measured, in the order of the first round. */
export function peersOf(samples: readonly Rounded[]): readonly string[] {
  return [...new Set(samples.map(({ peer }) => peer))];
}

/** How many rounds there were. */
function roundsOf(samples: readonly Rounded[]): number {
  return summarize(samples.map(({ round }) => round)).max;
}

/** `median of 5 rounds (min–max)` */
export function spreadNote(samples: readonly Rounded[]): string {
  const rounds = roundsOf(samples);
  return rounds === 1 ? 'one round' : `median of ${rounds} rounds (min–max)`;
}

/** Those that were measured out of `names`, to be compared with. */
export function present(samples: readonly Rounded[], names: readonly string[]): readonly string[] {
  const peers = peersOf(samples);
  return names.filter((name) => peers.includes(name));
}

/** Median and spread of one figure of one peer. */
export function cell<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
  format: (value: number) => string,
): string {
  return spread(summarize(valuesOf(samples, peer, value)), format);
}

/** The median of one figure of one peer, where the spread says nothing. */
export function middle<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
  format: (value: number) => string,
): string {
  return format(summarize(valuesOf(samples, peer, value)).median);
}

/** One figure of every peer, as a plot; what is Thrum's stands out. */
export function plotOf<S extends Rounded>(
  samples: readonly S[],
  value: (sample: S) => number,
  texts: Omit<Plot, 'bars'>,
): Plot {
  const bars = peersOf(samples).map((peer) => ({
    label: peer,
    summary: summarize(valuesOf(samples, peer, value)),
    isOurs: peer.startsWith('thrum'),
  }));
  return { ...texts, bars };
}

function valuesOf<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  value: (sample: S) => number,
): readonly number[] {
  return samples.filter((sample) => sample.peer === peer).map(value);
}
