import type { Env } from '../../src/env.ts';

/** Time that passes when a test says so, and randomness that a test chooses. */
export interface VirtualEnv extends Env {
  /** Lets `ms` pass: each timer fires at its time, promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Lets everything that is ready happen, without time passing. */
  settle(): Promise<void>;
  /** Passes time without firing a timer, as a machine that sleeps does. */
  sleep(ms: number): void;
  /** Timers that are armed. */
  pending(): number;
  randomValue: number;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export function createVirtualEnv(start = 1_795_300_000_000): VirtualEnv {
  let elapsed = 0;
  let order = 0;
  let ids = 0;
  const timers = new Set<Timer>();

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const earliest = (until: number): Timer | undefined =>
    [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];

  const env: VirtualEnv = {
    randomValue: 0.5,
    now: () => start + elapsed,
    monotonic: () => elapsed,
    timer: (ms, run) => {
      const timer = { at: elapsed + Math.max(0, ms), order: (order += 1), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    random: () => env.randomValue,
    id: () => `id-${(ids += 1)}`,
    settle,
    advance: async (ms) => {
      const until = elapsed + ms;
      await settle();
      for (let timer = earliest(until); timer !== undefined; timer = earliest(until)) {
        timers.delete(timer);
        elapsed = Math.max(elapsed, timer.at);
        timer.run();
        await settle();
      }
      elapsed = until;
      await settle();
    },
    sleep: (ms) => {
      elapsed += ms;
    },
    pending: () => timers.size,
  };
  return env;
}
