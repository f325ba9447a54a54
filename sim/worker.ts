import { parentPort, workerData } from 'node:worker_threads';
import { plantBug } from './plants/hook.ts';
import { plantOf } from './plants/index.ts';

// The plant has to be in the ground before the first import of what it changes.
const { plant } = workerData as { readonly plant?: string };
const isPlanted = plant === undefined ? (): boolean => true : plantBug(plantOf(plant));
const { run } = await import('./run.ts');
const { resultOf } = await import('./result.ts');
if (!isPlanted()) throw new Error(`plant "${plant}": ${plantOf(plant ?? '').file} was never loaded`);

const tell = (message: unknown): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message);
};
parentPort?.on('message', (seed: number) => {
  void run(seed).then((each) => tell(resultOf(each)));
});
tell('ready');
