import { join } from 'node:path';
import { Child } from '@thrum/bench/child';
import { scenarioOf } from '../faults/index.ts';
import type { Result } from '../result.ts';
import type { RunnerCalls } from '../runner.ts';

export interface Task {
  readonly scenario: string;
  readonly seed: number;
  readonly seconds: number;
  readonly folder: string;
  readonly plant?: string;
  /** The library, for scenarios that need it. */
  readonly shim?: string;
}

/** Beside the rounds: starts, convergence, leaving, reading the disk, checking. */
const overhead = 120_000;

/** One scenario in a process of its own. */
export async function work({ scenario, seed, seconds, folder, plant, shim }: Task): Promise<Result> {
  await using runner = new Child<RunnerCalls>({
    title: `the runner of ${scenario}`,
    program: new URL('../runner.ts', import.meta.url),
  });
  const options = {
    scenario,
    seed,
    seconds,
    folder: join(folder, scenario),
    ...(plant === undefined ? {} : { plant }),
    ...(shim !== undefined && scenarioOf(scenario).shim === true ? { shim } : {}),
  };
  return (await runner.call('run', options, seconds * 3000 + overhead)) as Result;
}

/** All of them, so many at a time; `onDone` hears of each in the order in which they end. */
export async function workAll(
  tasks: readonly Task[],
  jobs: number,
  onDone: (task: Task, result: Result | Error) => void,
): Promise<void> {
  const queue = tasks.values();
  const next = async (): Promise<void> => {
    for (const task of queue)
      onDone(
        task,
        await work(task).catch((error: unknown) =>
          error instanceof Error ? error : new Error(String(error)),
        ),
      );
  };
  await Promise.all(Array.from({ length: jobs }, next));
}
