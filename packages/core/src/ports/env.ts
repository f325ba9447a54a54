/** Stops a timer; harmless after it fired. */
export type Cancel = () => void;

/**
 * Everything the core takes from its surroundings besides its data: time, timers, randomness. Nothing in core reaches
 * for these any other way, so a simulator can own them.
 *
 * Laws: `monotonic` never goes back, while `now` may jump in either direction (only timestamps and token expiry use it);
 * a timer fires at most once, never before its time and never synchronously; `id` returns at least 96 random bits in
 * URL-safe characters, never the same twice.
 */
export interface Env {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some fixed moment. */
  monotonic(): number;
  /** Runs once after `ms` milliseconds. */
  timer(ms: number, run: () => void): Cancel;
  /** In [0, 1). */
  random(): number;
  id(): string;
}
