import type { Env } from './env.ts';

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
export const backoffDelay = (
  { backoff, env }: { readonly backoff: Backoff; readonly env: Pick<Env, 'random'> },
  attempt: number,
): number =>
  Math.min(backoff.base * 2 ** attempt, backoff.max) * (1 + backoff.jitter * (2 * env.random() - 1));
