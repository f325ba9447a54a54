/** The middle of several measurements and how far they lie apart. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which the part `q` of the values lies, between neighbours by proportion; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

export function summarize(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), min: quantile(values, 0), max: quantile(values, 1) };
}

/** A measurement of one round. */
export interface Rounded {
  readonly round: number;
  readonly peer: string;
}

/**
 * A peer's value over the reference's of the same round, for each round that has both. Neighbours in time had the same
 * machine; medians of all rounds did not.
 */
export function ratios<S extends Rounded>(
  samples: readonly S[],
  peer: string,
  reference: string,
  value: (sample: S) => number,
): readonly number[] {
  return samples
    .filter((sample) => sample.peer === peer)
    .flatMap((sample) => {
      const other = samples.find(({ round, peer }) => round === sample.round && peer === reference);
      return other === undefined ? [] : [value(sample) / value(other)];
    });
}
