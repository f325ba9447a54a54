import assert from 'node:assert/strict';
import { dataOf, draft, kept, positionOf, publishMany, range, readAll } from './helpers.ts';
import type { BrokerCase } from './suite.ts';

/** Append and read (laws 1, 2, 6, 7). */
export const log: readonly BrokerCase[] = [
  {
    law: 7,
    title: 'offsets run +1 from 1 in one epoch',
    run: async ({ broker }) => {
      const positions = await publishMany(broker, 50);
      assert.deepEqual(
        positions.map(({ offset }) => offset),
        range(1, 50),
      );
      assert.equal(new Set(positions.map(({ epoch }) => epoch)).size, 1);
    },
  },
  {
    law: 7,
    title: 'every channel has offsets of its own',
    run: async ({ broker }) => {
      await publishMany(broker, 5, kept, 'one');
      const [first] = await publishMany(broker, 1, kept, 'other');
      assert.equal(first?.offset, 1);
      assert.deepEqual(dataOf((await readAll(broker, 'one')).publications), range(1, 5));
    },
  },
  {
    law: 2,
    title: 'publishes are appended in the order of the calls, awaited or not',
    run: async ({ broker }) => {
      await publishMany(broker, 200);
      assert.deepEqual(dataOf((await readAll(broker)).publications), range(1, 200));
    },
  },
  {
    law: 6,
    title: 'what is read is what was published, with its place and every field',
    run: async ({ broker }) => {
      const full = draft({ deep: [null, { a: 'é🚀' }] }, { event: 'note', id: 'm-1' });
      const { from: _, ...anonymous } = draft('of the server');
      const position = positionOf(await broker.publish('c', full, kept));
      await broker.publish('c', anonymous, kept);
      const { publications } = await readAll(broker);
      assert.deepEqual(publications, [
        { ...full, ...position },
        { ...anonymous, epoch: position.epoch, offset: 2 },
      ]);
    },
  },
  {
    law: 6,
    title:
      'an empty log has an epoch, the top 0 and the oldest 1, and keeps that epoch for its first publication',
    run: async ({ broker }) => {
      const page = await readAll(broker);
      assert.ok(page.epoch.length > 0);
      assert.deepEqual({ ...page, epoch: '' }, { epoch: '', offset: 0, oldest: 1, publications: [] });
      assert.equal((await publishMany(broker, 1))[0]?.epoch, page.epoch);
    },
  },
  {
    law: 6,
    title: 'reads forward and backward, with and without a position, within the limit',
    run: async ({ broker }) => {
      const { epoch } = (await publishMany(broker, 10)).at(-1) ?? { epoch: '' };
      const since = (offset: number) => ({ since: { epoch, offset } });
      const rows: [options: Parameters<typeof broker.read>[1], offsets: number[]][] = [
        [{ limit: 100 }, range(1, 10)],
        [{ limit: 3 }, [1, 2, 3]],
        [{ limit: 3, reverse: true }, [10, 9, 8]],
        [{ limit: 3, reverse: false }, [1, 2, 3]],
        [{ limit: 0 }, []],
        [{ limit: 0, reverse: true }, []],
        [{ limit: 100, ...since(7) }, [8, 9, 10]],
        [{ limit: 2, ...since(7) }, [8, 9]],
        [{ limit: 100, ...since(0) }, range(1, 10)],
        [{ limit: 100, ...since(10) }, []],
        [{ limit: 100, ...since(11) }, []],
        [{ limit: 100, reverse: true, ...since(4) }, [3, 2, 1]],
        [{ limit: 2, reverse: true, ...since(4) }, [3, 2]],
        [{ limit: 100, reverse: true, ...since(1) }, []],
        [{ limit: 100, reverse: true, ...since(0) }, []],
        [{ limit: 2, reverse: true, ...since(11) }, [10, 9]],
      ];
      for (const [options, offsets] of rows) {
        const page = await broker.read('c', options);
        assert.deepEqual(
          page.publications.map(({ offset }) => offset),
          offsets,
          JSON.stringify(options),
        );
        assert.deepEqual([page.epoch, page.offset, page.oldest], [epoch, 10, 1]);
      }
    },
  },
  {
    law: 6,
    title: 'a read during publishes sees one moment: the top is the last that is there',
    run: async ({ broker }) => {
      const publishing = publishMany(broker, 200);
      for (let n = 0; n < 50; n += 1) {
        const page = await readAll(broker);
        assert.equal(page.publications.length, page.offset);
        assert.equal(page.publications.at(-1)?.offset ?? 0, page.offset);
        const newest = await broker.read('c', { limit: 1, reverse: true });
        assert.equal(newest.publications[0]?.offset ?? 0, newest.offset);
      }
      await publishing;
    },
  },
  {
    law: 6,
    title: 'channel names are opaque: odd ones are kept apart',
    run: async ({ broker }) => {
      const names = [
        '__proto__',
        'constructor',
        'a',
        'A',
        'a:',
        'a*',
        'a%',
        "a'",
        '\u00e9',
        'e\u0301',
        '🚀',
        ' a',
      ];
      for (const [index, channel] of names.entries()) {
        const outcome = await broker.publish(channel, draft(index, { channel }), kept);
        assert.equal(positionOf(outcome).offset, 1, channel);
      }
      for (const [index, channel] of names.entries()) {
        assert.deepEqual(dataOf((await readAll(broker, channel)).publications), [index], channel);
      }
    },
  },
  {
    law: 1,
    title: 'two nodes append to one log',
    peers: true,
    run: async ({ broker, peer }) => {
      assert.ok(peer !== undefined);
      const all = (await Promise.all([publishMany(broker, 50), publishMany(peer, 50)])).flat();
      assert.deepEqual(
        all.map(({ offset }) => offset).sort((a, b) => a - b),
        range(1, 100),
      );
      assert.deepEqual(await readAll(peer), await readAll(broker));
    },
  },
];
