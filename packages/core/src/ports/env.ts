/** Stops a timer; harmless after it fired. */
export type Cancel = () => void;

/**
 * Everything the core takes from its surroundings besides its data: time, timers, randomness. Nothing in core reaches
 * for these any other way, so a simulator can own them.
 *
 * Laws: `monotonic` never goes back, while `now` may jump in either direction (only timestamps and token expiry use it);
 * a timer fires at most once, never before its time and never synchronously; `atTurnEnd` runs what it is given in the order
 * given, once, never synchronously, and in the same go what those ask for meanwhile; `id` returns at least 96 random bits
 * in URL-safe characters, never the same twice.
 */
export interface Env {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some fixed moment. */
  monotonic(): number;
  /** Runs once after `ms` milliseconds. */
  timer(ms: number, run: () => void): Cancel;
  /** Runs once when what the network has brought so far has been handled, and before anything is waited for. */
  atTurnEnd(run: () => void): void;
  /** In [0, 1). */
  random(): number;
  id(): string;
}
