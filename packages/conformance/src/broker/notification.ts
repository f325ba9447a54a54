import assert from 'node:assert/strict';
import { dataOf, draft, kept, listen, positionOf, publishMany, range, readAll, take } from './helpers.ts';
import type { BrokerCase } from './suite.ts';

/** Notify (laws 1, 5, 8, 9). */
export const notification: readonly BrokerCase[] = [
  {
    law: 1,
    title: 'every subscriber is notified of what was appended, with its place',
    run: async ({ broker }) => {
      const [one, other] = [await listen(broker), await listen(broker)];
      await publishMany(broker, 20);
      const { publications } = await readAll(broker);
      assert.deepEqual(await take(one.queue, 20), publications);
      assert.deepEqual(await take(other.queue, 20), publications);
    },
  },
  {
    law: 1,
    title: 'subscribers of another node are notified too',
    peers: true,
    run: async ({ broker, peer }) => {
      assert.ok(peer !== undefined);
      const { queue } = await listen(peer);
      await publishMany(broker, 20);
      assert.deepEqual(await take(queue, 20), (await readAll(broker)).publications);
    },
  },
  {
    law: 5,
    title: 'subscribers are notified in the order of offsets',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      await Promise.all([publishMany(broker, 100), publishMany(broker, 100)]);
      const offsets = (await take(queue, 200)).map(({ offset }) => offset);
      assert.deepEqual(offsets, range(1, 200));
    },
  },
  {
    law: 6,
    title: 'what was notified can be read',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      for (const n of range(1, 20)) {
        const publishing = broker.publish('c', draft(n), kept);
        const [notified] = await take(queue, 1);
        const { publications } = await broker.read('c', { limit: 1, reverse: true });
        assert.deepEqual(publications, [notified]);
        await publishing;
      }
    },
  },
  {
    law: 9,
    title: 'once subscribe has resolved nothing is missed',
    run: async ({ broker }) => {
      const before = publishMany(broker, 20);
      const { queue } = await listen(broker);
      const after = await publishMany(broker, 20);
      await before;
      const last = after.at(-1)?.offset;
      await queue.next(({ offset }) => offset === last);
      const offsets = queue.seen.map(({ offset }) => offset ?? 0);
      for (const { offset } of after) assert.ok(offsets.includes(offset), `offset ${offset} was notified`);
      assert.deepEqual(offsets, range(offsets[0] ?? 0, 40));
    },
  },
  {
    law: 9,
    title: 'after the returned function was called nothing more comes, and others go on',
    run: async ({ broker }) => {
      const [one, other] = [await listen(broker), await listen(broker)];
      await publishMany(broker, 3);
      await take(other.queue, 3);
      await take(one.queue, 3);
      one.stop();
      one.stop();
      await broker.publish('c', draft('after'), kept);
      assert.deepEqual(dataOf(await take(other.queue, 1)), ['after']);
      assert.deepEqual(one.queue.waiting(), []);
    },
  },
  {
    law: 9,
    title: 'a subscriber hears of its own channel only',
    run: async ({ broker }) => {
      const [one, other] = [await listen(broker, 'one'), await listen(broker, 'other')];
      await publishMany(broker, 3, kept, 'one');
      await publishMany(broker, 2, kept, 'other');
      assert.deepEqual(dataOf(await take(one.queue, 3)), [1, 2, 3]);
      assert.deepEqual(dataOf(await take(other.queue, 2)), [1, 2]);
      assert.deepEqual([one.queue.waiting(), other.queue.waiting()], [[], []]);
    },
  },
  {
    law: 8,
    title: 'without retention a publication is notified once, has no place and is not kept',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      const sent = draft('transient', { id: 't-1' });
      assert.deepEqual(await broker.publish('c', sent, {}), { kind: 'published' });
      assert.deepEqual(await take(queue, 1), [sent]);
      assert.equal(positionOf(await broker.publish('c', draft('kept'), kept)).offset, 1);
      assert.deepEqual(dataOf(await take(queue, 1)), ['kept']);
      const page = await readAll(broker);
      assert.deepEqual([page.offset, dataOf(page.publications)], [1, ['kept']]);
      assert.deepEqual(queue.waiting(), []);
    },
  },
  {
    law: 8,
    title: 'what nobody hears is gone: a transient publication without subscribers is no error',
    run: async ({ broker }) => {
      assert.deepEqual(await broker.publish('c', draft(1), {}), { kind: 'published' });
      const { queue } = await listen(broker);
      await broker.publish('c', draft(2), {});
      assert.deepEqual(dataOf(await take(queue, 1)), [2]);
    },
  },
];
