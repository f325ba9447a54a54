import assert from 'node:assert/strict';
import {
  dataOf,
  draft,
  hour,
  kept,
  keyed,
  listen,
  positionOf,
  publishMany,
  range,
  readAll,
  take,
} from './helpers.ts';
import type { BrokerCase } from './suite.ts';

/** The same key again (law 4). */
export const idempotency: readonly BrokerCase[] = [
  {
    law: 4,
    title: 'the same key gives duplicate with the first position, and neither appends nor notifies',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      const first = positionOf(await broker.publish('c', draft(1), keyed('k', 'f')));
      await broker.publish('c', draft('between'), kept);
      for (let n = 0; n < 3; n += 1) {
        assert.deepEqual(await broker.publish('c', draft(1), keyed('k', 'f')), {
          kind: 'duplicate',
          position: first,
        });
      }
      await broker.publish('c', draft('after'), kept);
      assert.deepEqual(dataOf(await take(queue, 3)), [1, 'between', 'after']);
      assert.deepEqual(dataOf((await readAll(broker)).publications), [1, 'between', 'after']);
    },
  },
  {
    law: 4,
    title: 'the same key many times at once is one publication',
    run: async ({ broker }) => {
      const calls = range(1, 20).map(() => broker.publish('c', draft('once'), keyed('k', 'f')));
      const outcomes = await Promise.all(calls);
      assert.equal(outcomes.filter(({ kind }) => kind === 'published').length, 1);
      assert.deepEqual(new Set(outcomes.map((outcome) => positionOf(outcome).offset)), new Set([1]));
      assert.equal((await readAll(broker)).offset, 1);
    },
  },
  {
    law: 4,
    title: 'the same key on two nodes at once is one publication',
    peers: true,
    run: async ({ broker, peer }) => {
      assert.ok(peer !== undefined);
      const calls = range(1, 20).map((n) =>
        (n % 2 === 0 ? broker : peer).publish('c', draft('once'), keyed('k', 'f')),
      );
      const outcomes = await Promise.all(calls);
      assert.equal(outcomes.filter(({ kind }) => kind === 'published').length, 1);
      assert.equal((await readAll(peer)).offset, 1);
    },
  },
  {
    law: 4,
    title: 'the same key with another fingerprint is a conflict, and changes nothing',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      const first = positionOf(await broker.publish('c', draft(1), keyed('k', 'f')));
      assert.deepEqual(await broker.publish('c', draft(2), keyed('k', 'g')), { kind: 'conflict' });
      assert.deepEqual(await broker.publish('c', draft(1), keyed('k', 'f')), {
        kind: 'duplicate',
        position: first,
      });
      await broker.publish('c', draft('after'), kept);
      assert.deepEqual(dataOf(await take(queue, 2)), [1, 'after']);
    },
  },
  {
    law: 4,
    title: 'a key belongs to its channel',
    run: async ({ broker }) => {
      for (const channel of ['one', 'other']) {
        const outcome = await broker.publish(channel, draft(1, { channel }), keyed('k', 'f'));
        assert.equal(outcome.kind, 'published');
      }
    },
  },
  {
    law: 4,
    title: 'keys are opaque: odd ones are kept apart',
    run: async ({ broker }) => {
      for (const key of ['__proto__', 'constructor', 'a', 'A', 'a\u0000b', 'a\u0000', 'é', '🚀']) {
        assert.equal((await broker.publish('c', draft(key), keyed(key, 'f'))).kind, 'published', key);
        assert.equal((await broker.publish('c', draft(key), keyed(key, 'f'))).kind, 'duplicate', key);
      }
    },
  },
  {
    law: 4,
    title: 'a key outlives the publication that retention has taken',
    run: async ({ broker }) => {
      const small = { ...keyed('k', 'f'), retention: { size: 2, ttl: hour } };
      const first = positionOf(await broker.publish('c', draft(1), small));
      await publishMany(broker, 5, { retention: { size: 2, ttl: hour } });
      assert.deepEqual(await broker.publish('c', draft(1), small), { kind: 'duplicate', position: first });
    },
  },
  {
    law: 4,
    title: 'a key is remembered for all of its time, repeats in between or not',
    run: async ({ broker, advance }) => {
      await broker.publish('c', draft(1), keyed('k', 'f', 60_000));
      await advance(40_000);
      assert.equal((await broker.publish('c', draft(1), keyed('k', 'f', 60_000))).kind, 'duplicate');
      await advance(15_000);
      assert.equal((await broker.publish('c', draft(1), keyed('k', 'f', 60_000))).kind, 'duplicate');
    },
  },
  {
    law: 4,
    title: 'a key is remembered for a transient publication as well',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      const { idempotency: key } = keyed('k', 'f');
      assert.ok(key !== undefined);
      const options = { idempotency: key };
      assert.deepEqual(await broker.publish('c', draft(1), options), { kind: 'published' });
      assert.deepEqual(await broker.publish('c', draft(1), options), { kind: 'duplicate' });
      await broker.publish('c', draft('after'), {});
      assert.deepEqual(dataOf(await take(queue, 2)), [1, 'after']);
    },
  },
];
