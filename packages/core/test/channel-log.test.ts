import { settle, VirtualEnv } from '@thrum/testkit';
import { defaultLimits } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { ChannelLog } from '../src/channel/channel-log.ts';
import { RecentRoom } from '../src/channel/recent.ts';
import { createMemoryBroker, type LogPage, type ReadOptions } from '../src/index.ts';
import { createMetrics } from '../src/ports/metrics.ts';

/** A log that looks at once and answers when the test says so. */
function createLog() {
  const memory = createMemoryBroker(new VirtualEnv());
  const answers: (() => void)[] = [];
  const metrics = createMetrics();
  let isBroken = false;
  const broker = {
    ...memory,
    durable: false,
    async read(channel: string, options: ReadOptions): Promise<LogPage> {
      const page = await memory.read(channel, options);
      const broken = isBroken;
      await new Promise<void>((resolve) => void answers.push(resolve));
      if (broken) throw new Error('the disk cannot be read');
      return page;
    },
  };
  const log = new ChannelLog(
    { broker: broker as never, metrics, limits: defaultLimits },
    'a',
    new RecentRoom(1e6),
  );
  return {
    log,
    metrics,
    breaks: (how: boolean) => (isBroken = how),
    publish: (n: number) =>
      memory.publish(
        'a',
        { channel: 'a', event: 'message', data: n, timestamp: 0 },
        { retention: { size: 1000, ttl: 1e6 } },
      ),
    async answer() {
      await settle();
      answers.shift()?.();
      await settle();
    },
  };
}

describe('a log that many read', () => {
  it('is looked at anew for whoever asks while an answer is under way, once for all of them', async () => {
    const { answer, log, metrics, publish } = createLog();
    await publish(1);
    const first = log.head();
    await settle();
    await publish(2);
    const others = [log.head(), log.head(), log.head()];
    await answer();
    expect((await first).offset).toBe(1);
    await answer();
    expect((await Promise.all(others)).map(({ offset }) => offset)).toEqual([2, 2, 2]);
    expect(metrics.positionsRead).toBe(2);
  });

  it('gives what one has read to the others, up to the position that they find', async () => {
    const { answer, log, metrics, publish } = createLog();
    for (const n of [1, 2, 3]) await publish(n);
    const { epoch } = await Promise.all([log.head(), answer()]).then(([head]) => head);
    const first = log.after({ epoch, offset: 0 }, 300);
    const others = [0, 1, 2, 3].map((offset) => log.after({ epoch, offset }, 300));
    await answer();
    expect((await first).publications).toHaveLength(3);
    await answer();
    await answer();
    expect((await Promise.all(others)).map(({ publications }) => publications.length)).toEqual([3, 2, 1, 0]);
    expect(metrics).toMatchObject({ pagesRead: 1, pagesShared: 4, positionsRead: 3 });
  });

  it('is read on where it has grown beyond what is kept', async () => {
    const { answer, log, metrics, publish } = createLog();
    await publish(1);
    const { epoch } = await Promise.all([log.head(), answer()]).then(([head]) => head);
    await Promise.all([log.after({ epoch, offset: 0 }, 300), answer()]);
    await publish(2);
    const next = log.after({ epoch, offset: 0 }, 300);
    await answer();
    await answer();
    expect((await next).publications.map(({ data }) => data)).toEqual([1, 2]);
    expect(metrics.pagesShared).toBe(0);
  });

  it('fails for those whose reading fails, and for nobody else', async () => {
    const { answer, breaks, log, publish } = createLog();
    await publish(1);
    breaks(true);
    const first = log.newest(5);
    const second = log.newest(5);
    await settle();
    breaks(false);
    await Promise.all([expect(first).rejects.toThrow('cannot be read'), answer()]);
    await answer();
    expect((await second).publications).toHaveLength(1);
  });
});
