import { runModelSuite } from '@thrum/conformance';
import { defaultDeadline, skip } from '@thrum/testkit';
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
  runModelSuite(
    () => {
      runs += 1;
      const prefix = `run${runs}:`;
      return {
        keeps: true,
        patience: defaultDeadline,
        open: (env) => createRedisBroker({ url: server.url, prefix, env, log: silentLog }),
        age: async (ms) => age(server, prefix, ms),
        lose: () => void server.command('FLUSHALL'),
        dispose: () => undefined,
      };
    },
    { name: 'Redis', runs: 40 },
  );
} else {
  describe('a node on the broker: Redis', () => {
    it('does what the model does', (context) => skip(context, missingRedis ?? ''));
  });
}
