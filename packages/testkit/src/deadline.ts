/**
 * Long enough for the slowest machine, on which starting one process takes ten seconds: a deadline says "this never
 * comes", it does not measure.
 */
export const defaultDeadline = 40_000;

/** `promise`, or an error that says what did not come. */
export async function within<T>(
  promise: Promise<T>,
  what: () => string,
  deadline: number = defaultDeadline,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what()} did not come within ${deadline} ms`)), deadline);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until the answer is true: for facts that nobody announces. */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what: string,
  deadline: number = defaultDeadline,
): Promise<void> {
  const end = performance.now() + deadline;
  while (!(await fact())) {
    if (performance.now() > end) throw new Error(`${what} did not become true within ${deadline} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
