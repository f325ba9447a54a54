/** How long to wait between attempts to connect. */
export interface Backoff {
  /** Milliseconds before the first retry. Default 1000. */
  readonly base: number;
  /** Milliseconds that doubling stops at, before jitter. Default 30,000. */
  readonly max: number;
  /** Share of the delay by which it varies to either side. Default 0.25. */
  readonly jitter: number;
}

/** The delay before retry number `attempt`, counted from 0: 1 s, 2 s, 4 s … 30 s, each ± 25 %. */
export function backoffDelay({ base, max, jitter }: Backoff, attempt: number, random: number): number {
  const delay = Math.min(base * 2 ** attempt, max);
  return Math.max(0, delay * (1 + jitter * (2 * random - 1)));
}
