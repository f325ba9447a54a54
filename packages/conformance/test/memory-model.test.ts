import { createMemoryBroker } from '@thrum/core';
import { runModelSuite } from '../src/index.ts';

const nothing = (): void => undefined;

runModelSuite(
  () => ({ keeps: false, patience: 200, open: createMemoryBroker, lose: nothing, dispose: nothing }),
  { name: 'memory' },
);
