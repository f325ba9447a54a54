/** Everything the SDK takes from its surroundings besides the socket and the page; a simulator can own it. */
export interface Env {
  /** Wall clock, milliseconds since 1970; for the expiry of tokens, and of what outlasts a page. */
  now(): number;
  /** Milliseconds since some fixed moment, never going back. */
  monotonic(): number;
  /** Runs once after `ms` milliseconds, never synchronously; returns what stops it. */
  timer(ms: number, run: () => void): () => void;
  /** In [0, 1). */
  random(): number;
  /** At least 96 random bits in URL-safe characters. */
  id(): string;
}

// Much more, and setTimeout fires at once.
const longestTimer = 2e9;

/** The host's own clocks, timers and randomness. Looked up at each use, so that importing this touches nothing. */
export const hostEnv: Env = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer: (ms, run) => {
    const handle = setTimeout(run, Math.min(ms, longestTimer));
    return () => clearTimeout(handle);
  },
  random: Math.random,
  // Not randomUUID: browsers keep that from pages served over plain http.
  id: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
};
