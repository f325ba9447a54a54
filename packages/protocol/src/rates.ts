/** Publications a second. Few, so that those who want about the same are sent the same. */
const steps: readonly number[] = [100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

/** The slowest that a subscriber may ask for: one in 100 seconds. */
export const leastRate = 0.01;

/**
 * Milliseconds between two batches for a subscriber that asked for `maxRate`, from {@link leastRate}: those of the
 * fastest step that is not above it (PROTOCOL.md §19).
 */
export function intervalOf(maxRate: number): number {
  const step = steps.find((each) => each <= maxRate) ?? leastRate;
  return Math.round(1000 / step);
}

/** Publications a second of one event and key that an interval in milliseconds leaves room for, to three places. */
export function rateOf(interval: number): number {
  return Math.floor(1_000_000 / interval) / 1000;
}
