import * as fc from 'fast-check';

/** One seed for all randomness of a run; THRUM_SEED repeats it, THRUM_RUNS makes it longer. */
export const seed: number = Number(process.env['THRUM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
export const runs: number = Number(process.env['THRUM_RUNS'] ?? 300);

process.stdout.write(`THRUM_SEED=${seed}\n`);

/** Holds when `test` throws for no value; what it returns does not count. */
export function check<T>(
  arbitrary: fc.Arbitrary<T>,
  test: (value: T) => unknown,
  numRuns: number = runs,
): void {
  const property = fc.property(arbitrary, (value) => void test(value));
  fc.assert(property, { seed, numRuns });
}

/** {@link check} for what has to be waited for. */
export function checkAsync<T>(
  arbitrary: fc.Arbitrary<T>,
  test: (value: T) => Promise<void>,
  numRuns: number = runs,
): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, test), { seed, numRuns });
}
