import { createMemoryStore } from '@thrum/core';
import { VirtualEnv } from '@thrum/testkit';
import { runStoreSuite } from '../src/index.ts';

runStoreSuite(
  () => {
    const env = new VirtualEnv();
    return {
      store: createMemoryStore(env),
      advance: (ms) => env.advance(ms),
      jump: (ms) => env.jump(ms),
    };
  },
  { name: 'memory' },
);
