import assert from 'node:assert/strict';
import type { StoreCase } from './suite.ts';

/** Compare and set, and the versions it compares (laws 2 and 3). */
export const conditions: readonly StoreCase[] = [
  {
    law: 2,
    title: 'put with expect absent puts only where nothing is',
    run: async ({ store }) => {
      const version = await store.put('n', 'k', 1, { expect: 'absent' });
      assert.equal(typeof version, 'number');
      assert.equal(await store.put('n', 'k', 2, { expect: 'absent' }), undefined);
      assert.deepEqual(await store.get('n', 'k'), { value: 1, version });
    },
  },
  {
    law: 2,
    title: 'put with a version puts only over that version',
    run: async ({ store }) => {
      assert.equal(await store.put('n', 'k', 1, { expect: 1 }), undefined);
      const first = await store.put('n', 'k', 1);
      const second = await store.put('n', 'k', 2, { expect: first ?? 0 });
      assert.equal(typeof second, 'number');
      assert.equal(await store.put('n', 'k', 3, { expect: first ?? 0 }), undefined);
      assert.deepEqual(await store.get('n', 'k'), { value: 2, version: second });
    },
  },
  {
    law: 2,
    title: 'of many that expect the same at once, one succeeds',
    run: async ({ store }) => {
      const absent = Array.from({ length: 20 }, (_, n) => store.put('n', 'k', n, { expect: 'absent' }));
      const versions = (await Promise.all(absent)).filter((version) => version !== undefined);
      assert.equal(versions.length, 1);
      const expect = versions[0] ?? 0;
      const over = Array.from({ length: 20 }, (_, n) => store.put('n', 'k', n, { expect }));
      assert.equal((await Promise.all(over)).filter((version) => version !== undefined).length, 1);
    },
  },
  {
    law: 2,
    title: 'a record that was deleted or has expired is absent',
    run: async ({ store, advance }) => {
      await store.put('n', 'deleted', 1);
      await store.delete('n', 'deleted');
      assert.equal(typeof (await store.put('n', 'deleted', 2, { expect: 'absent' })), 'number');
      const old = await store.put('n', 'expired', 1, { ttl: 1000 });
      await advance(1500);
      assert.equal(await store.put('n', 'expired', 2, { expect: old ?? 0 }), undefined);
      assert.equal(typeof (await store.put('n', 'expired', 2, { expect: 'absent' })), 'number');
    },
  },
  {
    law: 3,
    title: 'versions grow with every put, over a delete and an expiry as well',
    run: async ({ store, advance }) => {
      const versions: (number | undefined)[] = [];
      versions.push(await store.put('n', 'k', 1));
      versions.push(await store.put('n', 'k', 1));
      await store.delete('n', 'k');
      versions.push(await store.put('n', 'k', 1, { ttl: 1000 }));
      await advance(1500);
      versions.push(await store.put('n', 'k', 1));
      assert.equal(new Set(versions).size, 4);
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
      );
    },
  },
  {
    law: 3,
    title: 'versions grow over a restart, and none of before it fits a later record',
    reopens: true,
    run: async ({ store, reopen }) => {
      if (reopen === undefined) return;
      const before = await store.put('n', 'k', 1);
      await store.put('n', 'gone', 1);
      await store.delete('n', 'k');
      await store.delete('n', 'gone');
      const again = await reopen();
      const after = await again.put('n', 'k', 2, { expect: 'absent' });
      assert.ok((after ?? 0) > (before ?? 0), `${after} is above ${before}`);
      assert.equal(await again.put('n', 'k', 3, { expect: before ?? 0 }), undefined);
    },
  },
];
