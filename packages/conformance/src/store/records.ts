import assert from 'node:assert/strict';
import type { StoreCase } from './suite.ts';

const values: readonly unknown[] = [
  null,
  0,
  -1.5,
  '',
  'é🚀\u0000',
  false,
  [],
  {},
  { a: [{ b: null }], constructor: 1 },
  JSON.parse('{"__proto__":1}'),
];

const oddKeys = ['__proto__', 'constructor', 'a', 'A', 'a\u0000b', 'a\u0000', 'é', '🚀', ' ', '', '%', '_'];

/** What is put, kept, replaced, deleted and expired (laws 1 and 4 to 7). */
export const records: readonly StoreCase[] = [
  {
    law: 1,
    title: 'get gives back what was put, for every kind of JSON value',
    run: async ({ store }) => {
      for (const [index, value] of values.entries()) {
        await store.put('n', `k${index}`, value);
        assert.deepEqual((await store.get('n', `k${index}`))?.value, value);
      }
      assert.equal(await store.get('n', 'never put'), undefined);
    },
  },
  {
    law: 1,
    title: 'a value is a copy, going in and coming out',
    run: async ({ store }) => {
      const value = { list: [1] };
      const putting = store.put('n', 'k', value);
      value.list.push(2);
      await putting;
      const first = await store.get('n', 'k');
      assert.ok(first !== undefined);
      (first.value as { list: number[] }).list.push(3);
      assert.deepEqual((await store.get('n', 'k'))?.value, { list: [1] });
    },
  },
  {
    law: 1,
    title: 'what is no JSON is refused, and nothing has changed',
    run: async ({ store }) => {
      await store.put('n', 'k', 1);
      for (const value of [undefined, () => 1, Symbol('s')]) {
        await assert.rejects(store.put('n', 'k', value), TypeError);
      }
      await assert.rejects(store.put('n', 'k', 1n), TypeError);
      assert.equal((await store.get('n', 'k'))?.value, 1);
    },
  },
  {
    law: 4,
    title: 'a record is there for all of its time, and gone after it',
    run: async ({ store, advance }) => {
      await store.put('n', 'k', 1, { ttl: 60_000 });
      await store.put('n', 'for ever', 2);
      await advance(59_000);
      assert.equal((await store.get('n', 'k'))?.value, 1);
      await advance(2000);
      assert.equal(await store.get('n', 'k'), undefined);
      assert.equal(await store.delete('n', 'k'), false);
      await advance(30 * 86_400_000);
      assert.equal((await store.get('n', 'for ever'))?.value, 2);
    },
  },
  {
    law: 4,
    title: 'a later put sets the time anew, and one without takes it away',
    run: async ({ store, advance }) => {
      await store.put('n', 'again', 1, { ttl: 60_000 });
      await store.put('n', 'kept', 1, { ttl: 60_000 });
      await advance(40_000);
      await store.put('n', 'again', 2, { ttl: 60_000 });
      await store.put('n', 'kept', 2);
      await advance(40_000);
      assert.equal((await store.get('n', 'again'))?.value, 2);
      await advance(40_000);
      assert.equal(await store.get('n', 'again'), undefined);
      assert.equal((await store.get('n', 'kept'))?.value, 2);
    },
  },
  {
    law: 4,
    title: 'a jump of the wall clock neither ends nor prolongs a record',
    run: async ({ store, advance, jump }) => {
      if (jump === undefined) return;
      await store.put('n', 'k', 1, { ttl: 60_000 });
      jump(86_400_000);
      assert.equal((await store.get('n', 'k'))?.value, 1);
      jump(-2 * 86_400_000);
      await advance(61_000);
      assert.equal(await store.get('n', 'k'), undefined);
    },
  },
  {
    law: 5,
    title: 'odd namespaces and keys are kept apart',
    run: async ({ store }) => {
      for (const namespace of oddKeys) {
        for (const key of oddKeys) await store.put(namespace, key, [namespace, key]);
      }
      for (const namespace of oddKeys) {
        for (const key of oddKeys)
          assert.deepEqual((await store.get(namespace, key))?.value, [namespace, key]);
      }
      assert.equal(await store.delete('a', 'A'), true);
      assert.equal(await store.get('a', 'A'), undefined);
      assert.deepEqual((await store.get('A', 'a'))?.value, ['A', 'a']);
    },
  },
  {
    law: 6,
    title: 'calls take effect in their order, awaited or not',
    run: async ({ store }) => {
      const calls = Array.from({ length: 50 }, (_, n) => store.put('n', 'k', n));
      const deleting = store.delete('n', 'other');
      const getting = store.get('n', 'k');
      assert.equal((await getting)?.value, 49);
      assert.equal(await deleting, false);
      await Promise.all(calls);
    },
  },
  {
    law: 6,
    title: 'what was put, and what was deleted, is so after a restart',
    reopens: true,
    run: async ({ store, reopen, advance }) => {
      if (reopen === undefined) return;
      await store.put('n', 'kept', { a: 1 });
      await store.put('n', 'deleted', 1);
      await store.put('n', 'short', 1, { ttl: 60_000 });
      await store.delete('n', 'deleted');
      let again = await reopen();
      assert.equal(again.durable, true);
      assert.deepEqual((await again.get('n', 'kept'))?.value, { a: 1 });
      assert.equal(await again.get('n', 'deleted'), undefined);
      assert.equal((await again.get('n', 'short'))?.value, 1);
      await advance(61_000);
      again = await reopen();
      assert.equal(await again.get('n', 'short'), undefined);
    },
  },
  {
    law: 7,
    title: 'after close everything is rejected, and a second close is harmless',
    run: async ({ store }) => {
      await store.put('n', 'k', 1);
      await store.close();
      await assert.rejects(store.get('n', 'k'));
      await assert.rejects(store.put('n', 'k', 2));
      await assert.rejects(store.delete('n', 'k'));
      await store.close();
    },
  },
];
