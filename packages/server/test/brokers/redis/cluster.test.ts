import { execFileSync } from 'node:child_process';
import { runBrokerSuite } from '@thrum/conformance';
import { skip, VirtualEnv } from '@thrum/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisBroker } from '../../../src/brokers/redis/broker.ts';
import { silentLog } from '../../support.ts';
import { eventually } from './eventually.ts';
import { age, missingRedis, RedisServer } from './server.ts';

const masters: RedisServer[] = [];
let runs = 0;

if (missingRedis === undefined) {
  beforeAll(async () => {
    for (let n = 0; n < 3; n += 1) masters.push(await RedisServer.start(['--cluster-enabled', 'yes']));
    const addresses = masters.map(({ port }) => `127.0.0.1:${port}`);
    execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { stdio: 'pipe' });
    const isUp = (server: RedisServer): boolean =>
      server.command('CLUSTER', 'INFO').includes('cluster_state:ok');
    await eventually(() => masters.every(isUp));
  }, 60_000);
  afterAll(async () => {
    for (const server of masters) await server[Symbol.asyncDispose]();
  });
  const url = (): string => masters[0]?.url ?? '';

  runBrokerSuite(
    () => {
      runs += 1;
      const prefix = `run${runs}:`;
      const open = (seed: number) =>
        createRedisBroker({ url: url(), prefix, env: new VirtualEnv({ seed }), log: silentLog });
      return {
        broker: open(1),
        peer: open(2),
        advance: async (ms) => {
          for (const server of masters) age(server, prefix, ms);
        },
        interrupt: async () => {
          for (const server of masters) server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        },
      };
    },
    { name: 'Redis Cluster', peers: true, interruptible: true },
  );

  describe('a cluster', () => {
    it('tells only the node that holds a channel, by sharded pub/sub', async () => {
      const broker = createRedisBroker({ url: url(), log: silentLog });
      try {
        const channels = Array.from({ length: 20 }, (_, n) => `c${n}`);
        for (const channel of channels) await broker.subscribe(channel, () => undefined);
        const held = masters.map((server) =>
          server.command('PUBSUB', 'SHARDCHANNELS').split('\n').filter(Boolean),
        );
        expect(held.flat().toSorted()).toEqual(channels.map((name) => `thrum:{${name}}:pub0`).toSorted());
        expect(held.every((names) => names.length > 0)).toBe(true);
        expect(masters.map((server) => server.command('PUBSUB', 'CHANNELS'))).toEqual(['', '', '']);
      } finally {
        await broker.close();
      }
    });
  });
} else {
  describe('the broker: Redis Cluster', () => {
    it('keeps the laws of the port', (context) => skip(context, missingRedis ?? ''));
  });
}
