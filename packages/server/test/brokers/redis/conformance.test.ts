import { runBrokerSuite } from '@thrum/conformance';
import { skip, VirtualEnv } from '@thrum/testkit';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createRedisBroker } from '../../../src/brokers/redis/broker.ts';
import { silentLog } from '../../support.ts';
import { age, missingRedis, RedisServer } from './server.ts';

let server: RedisServer;
let runs = 0;

if (missingRedis === undefined) {
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  runBrokerSuite(
    () => {
      runs += 1;
      const prefix = `run${runs}:`;
      const open = (seed: number) =>
        createRedisBroker({ url: server.url, prefix, env: new VirtualEnv({ seed }), log: silentLog });
      return {
        broker: open(1),
        peer: open(2),
        advance: async (ms) => age(server, prefix, ms),
        interrupt: async () => void server.command('CLIENT', 'KILL', 'TYPE', 'pubsub'),
      };
    },
    { name: 'Redis', peers: true, interruptible: true },
  );
} else {
  describe('the broker: Redis', () => {
    it('keeps the laws of the port', (context) => skip(context, missingRedis ?? ''));
  });
}
