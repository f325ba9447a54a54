import { it } from 'vitest';
import { createMemoryBroker } from '../src/index.ts';
import { runModel } from './model/commands.ts';
import { runs, seed } from './support/random.ts';

it('a node on the memory broker does what a model of thirty lines does, whatever is asked of it', () =>
  runModel(
    () => ({
      keeps: false,
      patience: 200,
      open: createMemoryBroker,
      lose: () => undefined,
      dispose: () => undefined,
    }),
    { seed, numRuns: runs },
  ));
