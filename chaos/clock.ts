/** Milliseconds of CLOCK_MONOTONIC: one clock for all processes of the machine, which no jump of the wall clock moves. */
export function moment(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
