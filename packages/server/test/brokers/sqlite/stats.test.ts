import { describe, expect, it } from 'vitest';
import { createThrum } from '../../../src/index.ts';
import { silentLog } from '../../support.ts';
import { folder, keyed, open, publish, publishRange, range } from './support.ts';

describe('what the SQLite broker counts', () => {
  it('are plain numbers: the queue, the commits and how they went, and what is on disk', async () => {
    const opened = open({ maxBatch: 10 });
    const { stats } = opened.broker;
    expect(stats.state).toBe('opening');
    await opened.broker.ready;
    expect(stats).toMatchObject({ kind: 'sqlite', state: 'ready', generation: 1, fenceBehind: 0 });
    const empty = stats.bytes;
    expect(empty).toBeGreaterThan(0);

    const publishing = range(1, 100).map((n) => publish(opened, `${n}`.padEnd(1000)));
    await Promise.resolve();
    expect(stats.pending).toBe(100);
    expect(stats.pendingSize).toBeGreaterThanOrEqual(100_000);
    await Promise.all(publishing);
    expect(stats).toMatchObject({ written: 100, failed: 0, commits: 10, pending: 0, pendingSize: 0 });
    expect(stats.batch).toMatchObject({ count: 10, sum: 100 });
    expect(stats.commitSeconds.count).toBe(10);
    expect(stats.commitSeconds.sum).toBeGreaterThan(0);
    expect(stats.bytes).toBeGreaterThan(empty + 100_000);

    await publish(opened, 1, keyed('k'));
    await publish(opened, 1, keyed('k'));
    expect(stats.written).toBe(102);
    await opened.broker.close();
    expect(stats.state).toBe('closed');
    await expect(publish(opened, 1)).rejects.toThrow();
  });

  it('says how long a full queue takes, and nothing waits in it in the end', async () => {
    const opened = open({ maxPending: 500 });
    await publishRange(opened, 1, 100);
    const results = await Promise.allSettled(range(1, 600).map((n) => publish(opened, n)));
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused).toHaveLength(100);
    for (const { retryable, after } of refused) {
      expect(retryable).toBe(true);
      expect(after).toBeGreaterThanOrEqual(100);
      expect(after).toBeLessThanOrEqual(60_000);
    }
    expect(opened.broker.stats).toMatchObject({ failed: 100, pending: 0, pendingSize: 0 });
  });

  it('are those of a server with a data folder, and of one without', async () => {
    await using onDisk = createThrum({ channels: { a: {} }, dataDir: folder(), log: silentLog });
    expect(onDisk.stats().broker).toBeUndefined();
    await onDisk.listen({ port: 0 });
    await onDisk.publish('a', 'message', 1);
    expect(onDisk.stats()).toMatchObject({
      node: { published: 1 },
      broker: { kind: 'sqlite', written: 1, commits: 1 },
    });
    await using inMemory = createThrum({ channels: { a: {} }, log: silentLog });
    await inMemory.publish('a', 'message', 1);
    expect(inMemory.stats().broker).toMatchObject({ kind: 'memory', state: 'ready', written: 1 });
  });
});
