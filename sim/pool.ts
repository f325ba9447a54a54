import { Worker } from 'node:worker_threads';
import type { Result } from './result.ts';

export interface PoolOptions {
  readonly jobs: number;
  readonly plant?: string | undefined;
  /** False ends the run; what is under way is finished. */
  readonly onResult: (result: Result) => boolean;
}

/** Runs seeds on worker threads, in order of their start. */
export async function runSeeds(
  seeds: Iterable<number>,
  { jobs, plant, onResult }: PoolOptions,
): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  let isOver = false;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { plant } });
    try {
      await answer(worker);
      while (!isOver) {
        const { value: seed, done } = queue.next();
        if (done === true) return;
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(seed);
        if (!onResult((await answer(worker)) as Result)) isOver = true;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

function answer(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners('error');
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
