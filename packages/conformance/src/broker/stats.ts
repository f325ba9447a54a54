import assert from 'node:assert/strict';
import { draft, keyed, publishMany } from './helpers.ts';
import type { BrokerCase } from './suite.ts';

/** What a broker counts, if it does. */
export const stats: readonly BrokerCase[] = [
  {
    law: 12,
    title: 'what was written is counted once it has settled, and nothing waits then',
    run: async ({ broker }) => {
      await publishMany(broker, 20);
      if (broker.stats === undefined) return;
      const { written, failed, pending, pendingSize, state } = broker.stats;
      assert.deepEqual([written, failed, pending, pendingSize, state], [20, 0, 0, 0, 'ready']);
      await broker.publish('c', draft('key'), keyed('k', 'f'));
      await broker.publish('c', draft('key'), keyed('k', 'f'));
      assert.equal(broker.stats.written, 22);
      await broker.publish('c', draft('transient'), {});
      assert.equal(broker.stats.written, 22);
    },
  },
  {
    law: 12,
    title: 'histograms have a count for each bound and one above, and add up',
    run: async ({ broker }) => {
      await publishMany(broker, 50);
      for (const histogram of [broker.stats?.commitSeconds, broker.stats?.batch]) {
        if (histogram === undefined) continue;
        const { bounds, counts, count, sum } = histogram;
        assert.equal(counts.length, bounds.length + 1);
        assert.deepEqual(
          bounds,
          bounds.toSorted((a, b) => a - b),
        );
        assert.equal(
          counts.reduce((all, each) => all + each, 0),
          count,
        );
        assert.ok(count > 0 && sum > 0);
      }
    },
  },
];
