import assert from 'node:assert/strict';
import {
  dataOf,
  draft,
  following,
  hour,
  keyed,
  listen,
  positionOf,
  range,
  readAll,
  take,
} from './helpers.ts';
import type { BrokerCase } from './suite.ts';

const outOfOrder = { kind: 'out-of-order' };

/** What follows something that is missing (law 11). */
export const order: readonly BrokerCase[] = [
  {
    law: 11,
    title: 'what follows a key that nobody remembers is neither appended nor notified nor remembered',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      assert.deepEqual(await broker.publish('c', draft(2), following('k-1', 'k-2')), outOfOrder);
      // Were its key remembered, what follows it would be let through, and it would be a duplicate itself.
      assert.deepEqual(await broker.publish('c', draft(3), following('k-2', 'k-3')), outOfOrder);
      assert.deepEqual((await readAll(broker)).publications, []);
      await broker.publish('c', draft(1), keyed('k-1', 'f'));
      const rest = [2, 3].map((n) => broker.publish('c', draft(n), following(`k-${n - 1}`, `k-${n}`)));
      assert.deepEqual(
        (await Promise.all(rest)).map((outcome) => [outcome.kind, positionOf(outcome).offset]),
        [
          ['published', 2],
          ['published', 3],
        ],
      );
      assert.deepEqual(dataOf(await take(queue, 3)), [1, 2, 3]);
      assert.deepEqual(queue.waiting(), []);
    },
  },
  {
    law: 11,
    title: 'a chain that is published without waiting is appended whole',
    run: async ({ broker }) => {
      const first = broker.publish('c', draft(1), keyed('k-1', 'f'));
      const rest = range(2, 50).map((n) => broker.publish('c', draft(n), following(`k-${n - 1}`, `k-${n}`)));
      const outcomes = await Promise.all([first, ...rest]);
      assert.deepEqual(
        outcomes.map((outcome) => positionOf(outcome).offset),
        range(1, 50),
      );
    },
  },
  {
    law: 11,
    title: 'a chain whose first is missing is refused whole, however it is published',
    run: async ({ broker }) => {
      const outcomes = await Promise.all(
        range(2, 20).map((n) => broker.publish('c', draft(n), following(`k-${n - 1}`, `k-${n}`))),
      );
      assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['out-of-order']));
      assert.equal((await readAll(broker)).offset, 0);
    },
  },
  {
    law: 11,
    title: 'a repeat is a duplicate or a conflict, whatever it says that it follows',
    run: async ({ broker }) => {
      const first = positionOf(await broker.publish('c', draft(1), keyed('k-1', 'f')));
      const duplicate = { kind: 'duplicate', position: first };
      assert.deepEqual(await broker.publish('c', draft(1), following('nobody', 'k-1')), duplicate);
      assert.deepEqual(await broker.publish('c', draft(2), following('nobody', 'k-1', 'g')), {
        kind: 'conflict',
      });
    },
  },
  {
    law: 11,
    title: 'a conflict leaves the key remembered, so what follows it is appended',
    run: async ({ broker }) => {
      await broker.publish('c', draft(1), keyed('k-1', 'f'));
      const conflict = broker.publish('c', draft('other'), keyed('k-1', 'g'));
      const next = broker.publish('c', draft(2), following('k-1', 'k-2'));
      assert.deepEqual([(await conflict).kind, (await next).kind], ['conflict', 'published']);
    },
  },
  {
    law: 11,
    title: 'a key of another channel is not the one that is followed',
    run: async ({ broker }) => {
      await broker.publish('other', draft(1, { channel: 'other' }), keyed('k-1', 'f'));
      assert.deepEqual(await broker.publish('c', draft(2), following('k-1', 'k-2')), outOfOrder);
    },
  },
  {
    law: 11,
    title: 'a key that is forgotten by its time is missing',
    run: async ({ broker, advance }) => {
      await broker.publish('c', draft(1), keyed('k-1', 'f', 60_000));
      await advance(59_000);
      assert.equal((await broker.publish('c', draft(2), following('k-1', 'k-2'))).kind, 'published');
      await advance(2000);
      assert.deepEqual(await broker.publish('c', draft(3), following('k-1', 'k-3')), outOfOrder);
    },
  },
  {
    law: 11,
    title: 'publications without a place follow one another too, and those with one',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      const transient = (key: string, follows: string): Parameters<typeof broker.publish>[2] => ({
        idempotency: { key, fingerprint: 'f', ttl: hour, follows },
      });
      assert.deepEqual(await broker.publish('c', draft(2), transient('k-2', 'k-1')), outOfOrder);
      await broker.publish('c', draft(1), keyed('k-1', 'f'));
      assert.deepEqual(await broker.publish('c', draft(2), transient('k-2', 'k-1')), { kind: 'published' });
      assert.deepEqual(await broker.publish('c', draft(3), transient('k-3', 'k-2')), { kind: 'published' });
      assert.deepEqual(dataOf(await take(queue, 3)), [1, 2, 3]);
    },
  },
  {
    law: 11,
    title: 'what was published on one node is followed on another',
    peers: true,
    run: async ({ broker, peer }) => {
      assert.ok(peer !== undefined);
      await broker.publish('c', draft(1), keyed('k-1', 'f'));
      assert.equal((await peer.publish('c', draft(2), following('k-1', 'k-2'))).kind, 'published');
      assert.deepEqual(await peer.publish('c', draft(4), following('k-3', 'k-4')), outOfOrder);
    },
  },
];
