import assert from 'node:assert/strict';
import type { PublishOptions } from '@thrum/core';
import { dataOf, draft, hour, listen, positionOf, publishMany, range, readAll, take } from './helpers.ts';
import type { BrokerCase } from './suite.ts';

const few: PublishOptions = { retention: { size: 5, ttl: hour } };
const short: PublishOptions = { retention: { size: 100, ttl: 60_000 } };

/** How far back a log reaches (laws 6, 7). */
export const retention: readonly BrokerCase[] = [
  {
    law: 6,
    title: 'at most so many publications are kept, the newest, and the page says which is the oldest',
    run: async ({ broker }) => {
      await publishMany(broker, 12, few);
      const page = await readAll(broker);
      assert.deepEqual([page.offset, page.oldest, dataOf(page.publications)], [12, 8, range(8, 12)]);
    },
  },
  {
    law: 6,
    title: 'a position from before the oldest reads what there is',
    run: async ({ broker }) => {
      const { epoch } = (await publishMany(broker, 12, few)).at(-1) ?? { epoch: '' };
      const after = await broker.read('c', { limit: 100, since: { epoch, offset: 3 } });
      assert.deepEqual(dataOf(after.publications), range(8, 12));
      const edge = await broker.read('c', { limit: 100, since: { epoch, offset: 7 } });
      assert.deepEqual(dataOf(edge.publications), range(8, 12));
      const before = await broker.read('c', { limit: 100, since: { epoch, offset: 10 }, reverse: true });
      assert.deepEqual(dataOf(before.publications), [9, 8]);
      const none = await broker.read('c', { limit: 100, since: { epoch, offset: 3 }, reverse: true });
      assert.deepEqual(dataOf(none.publications), []);
    },
  },
  {
    law: 6,
    title: 'what is older than its time is not read',
    run: async ({ broker, advance }) => {
      await publishMany(broker, 3, short);
      await advance(40_000);
      await broker.publish('c', draft('later'), short);
      await advance(30_000);
      const page = await readAll(broker);
      assert.deepEqual([page.offset, page.oldest, dataOf(page.publications)], [4, 4, ['later']]);
    },
  },
  {
    law: 7,
    title: 'when all has expired the log is empty, and offsets go on in the same epoch',
    run: async ({ broker, advance }) => {
      const top = (await publishMany(broker, 3, short)).at(-1);
      await advance(61_000);
      const page = await readAll(broker);
      assert.deepEqual([page.epoch, page.offset, page.oldest, page.publications], [top?.epoch, 3, 4, []]);
      assert.deepEqual(positionOf(await broker.publish('c', draft('next'), short)), {
        epoch: top?.epoch,
        offset: 4,
      });
    },
  },
  {
    law: 1,
    title: 'a log that keeps one publication notifies of all',
    run: async ({ broker }) => {
      const { queue } = await listen(broker);
      await publishMany(broker, 10, { retention: { size: 1, ttl: hour } });
      assert.deepEqual(
        (await take(queue, 10)).map(({ offset }) => offset),
        range(1, 10),
      );
      assert.deepEqual(dataOf((await readAll(broker)).publications), [10]);
    },
  },
];
