import { createMemoryBroker } from '@thrum/core';
import { VirtualEnv } from '@thrum/testkit';
import { runBrokerSuite } from '../src/index.ts';

runBrokerSuite(
  () => {
    const env = new VirtualEnv();
    return { broker: createMemoryBroker(env), advance: (ms) => env.advance(ms) };
  },
  { name: 'memory' },
);
