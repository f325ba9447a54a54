import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { Publication } from '@thrum/protocol';
import { skip, spawnNode } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/brokers/sqlite/driver.ts';
import { spawnWorker } from '../../../src/brokers/sqlite/link.ts';
import { startPublisher } from './child.ts';
import {
  dataOf,
  draft,
  folder,
  following,
  kept,
  keyed,
  open,
  type Opened,
  publish,
  publishRange,
  range,
  readAll,
} from './support.ts';

describe('a commit of the SQLite broker', () => {
  it('takes everything that arrived while the one before it ran', async () => {
    const { broker } = open();
    await broker.publish('c', draft(0), kept);
    const before = broker.stats.commits;
    const first = broker.publish('c', draft(1), kept);
    // The first is on its way after a turn of the event loop, and these come while it is.
    const rest = new Promise<unknown>((resolve) => {
      setImmediate(() => resolve(Promise.all(range(2, 500).map((n) => broker.publish('c', draft(n), kept)))));
    });
    await first;
    await rest;
    expect(broker.stats.commits - before).toBe(2);
  });

  it('is bounded in number and in size', async () => {
    const small = open({ maxBatch: 10 });
    await publishRange(small, 1, 100);
    expect(small.broker.stats.commits).toBe(10);
    const short = open({ maxBatchSize: 1000 });
    await Promise.all(range(1, 20).map((n) => publish(short, `${n}`.padEnd(400))));
    expect(short.broker.stats.commits).toBe(10);
    expect(await dataOf(small)).toEqual(range(1, 100));
  });

  it('waits for company when told to', async () => {
    const { broker } = open({ groupMs: 20 });
    const first = broker.publish('c', draft(1), kept);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, broker.publish('c', draft(2), kept)]);
    expect(broker.stats.commits).toBe(1);
  });

  it('comes before its notifications and answers, which keep the order', async () => {
    const opened = open();
    const heard: string[] = [];
    const read: Promise<void>[] = [];
    opened.broker.subscribe('c', ({ data, offset }: Publication) => {
      heard.push(`notified ${String(data)}`);
      // Whoever is notified can read, through another connection, what was committed.
      read.push(
        readAll(opened).then((page) => expect(page.offset).toBeGreaterThanOrEqual(offset ?? Infinity)),
      );
    });
    await Promise.all(
      range(1, 5).map(async (n) => {
        await publish(opened, n);
        heard.push(`answered ${n}`);
      }),
    );
    await Promise.all(read);
    expect(heard.filter((line) => line.startsWith('notified'))).toEqual(
      range(1, 5).map((n) => `notified ${n}`),
    );
    expect(heard.filter((line) => line.startsWith('answered'))).toEqual(
      range(1, 5).map((n) => `answered ${n}`),
    );
    for (const n of range(1, 5))
      expect(heard.indexOf(`notified ${n}`)).toBeLessThan(heard.indexOf(`answered ${n}`));
  });

  it('keeps a transient publication behind those of its channel that wait', async () => {
    const opened = open();
    const heard: unknown[] = [];
    opened.broker.subscribe('c', ({ data }) => heard.push(data));
    await Promise.all([publish(opened, 1), publish(opened, 'transient', {}), publish(opened, 2)]);
    expect(heard).toEqual([1, 'transient', 2]);
  });

  it('refuses what would wait beyond the bound', async () => {
    const opened = open({ maxPending: 10 });
    const results = await Promise.allSettled(range(1, 12).map((n) => publish(opened, n)));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 10 }, () => 'fulfilled'),
      'rejected',
      'rejected',
    ]);
    expect(results[10]).toMatchObject({
      reason: { reason: 'overloaded', outcome: 'unchanged', retryable: true },
    });
    expect(await dataOf(opened)).toEqual(range(1, 10));
  });

  it('lets nothing overtake what was refused before it', async () => {
    const opened = open({ maxPendingSize: 1000 });
    const first = publish(opened, 'x'.repeat(2000), keyed('k-1'));
    const rest = [publish(opened, 2, following('k-1', 'k-2')), publish(opened, 3, following('k-2', 'k-3'))];
    await expect(first).rejects.toMatchObject({ reason: 'overloaded', outcome: 'unchanged' });
    expect(await Promise.all(rest)).toEqual([{ kind: 'out-of-order' }, { kind: 'out-of-order' }]);
    expect(await dataOf(opened)).toEqual([]);
  });

  it('finds what is followed in the same batch, in an earlier one, and after a restart', async () => {
    const single = open({ maxBatch: 1 });
    const chain = (opened: Opened, from: number, to: number) =>
      Promise.all(range(from, to).map((n) => publish(opened, n, following(`k-${n - 1}`, `k-${n}`))));
    await Promise.all([publish(single, 1, keyed('k-1')), chain(single, 2, 5)]);
    expect(single.broker.stats.commits).toBe(5);
    await single.broker.close();
    const after = open({ file: single.file });
    await chain(after, 6, 9);
    expect(after.broker.stats.commits).toBe(1);
    expect(await dataOf(after)).toEqual(range(1, 9));
  });

  it('keeps strings that SQLite or UTF-8 would change', async () => {
    const opened = open();
    const odd = { channel: 'c\u0000\ud800', event: '\u0001e', data: '\ud800', id: '\udfff', from: 'a\u0000' };
    const sent = { ...odd, timestamp: 1.5 };
    await opened.broker.publish(sent.channel, sent, kept);
    const page = await readAll(opened, sent.channel);
    expect(page.publications).toEqual([{ ...sent, epoch: page.epoch, offset: 1 }]);
    expect((await readAll(opened, 'c\u0000\udfff')).offset).toBe(0);
  });

  it('is not stopped by a subscriber that throws', async () => {
    const opened = open();
    const heard: unknown[] = [];
    opened.broker.subscribe('c', () => {
      throw new Error('broken');
    });
    opened.broker.subscribe('c', ({ data }) => heard.push(data));
    await publishRange(opened, 1, 3);
    expect(heard).toEqual([1, 2, 3]);
  });
});

describe('the SQLite broker', () => {
  it('syncs the log at every commit', async (context) => {
    if (!hasStrace()) {
      return skip(context, 'strace is missing, or may not trace here: `apt-get install strace`');
    }
    const trace = join(folder(), 'trace');
    const strace = ['strace', '-f', '-e', 'trace=fsync,fdatasync', '-o', trace];
    const publisher = startPublisher(join(folder(), 'thrum.db'), { count: 50 }, strace);
    await publisher.lines.next((line) => line === 'done');
    await publisher.kill();
    // One at a time, so each acknowledgement had a commit of its own.
    expect(readFileSync(trace, 'utf8').match(/f(data)?sync\(/g)?.length).toBeGreaterThanOrEqual(50);
  });

  it('refuses a file that another process has', async () => {
    const file = join(folder(), 'thrum.db');
    const first = open({ file });
    await first.broker.ready;
    const second = startPublisher(file);
    const line = await second.lines.next(() => true);
    expect(line).toMatch(/^refused .*thrum\.db is in use by another process: one database serves one server/);
    const third = open({ file });
    await expect(third.broker.ready).rejects.toThrow(/in use by another process/);
    await expect(publish(third, 1)).rejects.toThrow(/in use by another process/);
    await publish(first, 1);
    expect(await dataOf(first)).toEqual([1]);
    await first.broker.close();
    // Freed, it can be had without a restart.
    await publish(third, 2);
    expect(await dataOf(third)).toEqual([1, 2]);
    expect(third.changes).toEqual([]);
  });

  it('refuses a database that is not ours, or of a later version, and leaves it as it is', async () => {
    const file = join(folder(), 'other.db');
    const db = openDatabase(file, { busyMs: 0 });
    db.exec('CREATE TABLE things (a)');
    await expect(open({ file }).broker.ready).rejects.toThrow(/is not a Thrum database/);
    db.exec('DROP TABLE things; PRAGMA application_id = 0x5468726d; PRAGMA user_version = 99');
    await expect(open({ file }).broker.ready).rejects.toThrow(/schema version 99/);
    db.close();
  });

  it('outlives its threads: what was on its way is unknown, and all goes on', async () => {
    const threads: Worker[] = [];
    const opened = open({}, (role) => {
      const worker = spawnWorker(role);
      threads.push(worker);
      return worker;
    });
    const { epoch } = await publishRange(opened, 1, 10);
    const heard: unknown[] = [];
    opened.broker.subscribe('c', ({ data }) => heard.push(data));
    const pending = publish(opened, 'lost?');
    await Promise.resolve();
    await Promise.resolve();
    void threads[0]?.terminate();
    await expect(pending).rejects.toMatchObject({ reason: 'crashed', outcome: 'unknown', retryable: true });
    const next = await publish(opened, 'next');
    expect(next).toMatchObject({ kind: 'published', position: { epoch } });
    expect(heard).toEqual(['next']);
    expect((await dataOf(opened)).filter((data) => data !== 'lost?')).toEqual([...range(1, 10), 'next']);
    expect(opened.broker.stats.restarts).toBe(1);
    // The thread that reads, this time: one of the second pair.
    void threads[3]?.terminate();
    await expect.poll(() => opened.broker.stats.restarts, { interval: 5 }).toBe(2);
    expect((await readAll(opened)).epoch).toBe(epoch);
    expect(opened.changes).toEqual([]);
  });

  it.each(['close', 'leave'])('keeps no process alive: %s', async (how) => {
    const script = fileURLToPath(new URL('./lifetime.ts', import.meta.url));
    const file = join(folder(), 'thrum.db');
    const child = spawnNode([script, file, how]);
    const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect(stdout).toBe('published\n');
    const opened = open({ file });
    expect(await dataOf(opened)).toEqual([1]);
    expect(opened.changes).toEqual([]);
  });

  it('answers with closed once it was closed, and closes once', async () => {
    const opened = open();
    const publishing = publish(opened, 1);
    const closing = opened.broker.close();
    expect(opened.broker.close()).toBe(closing);
    await expect(publishing).resolves.toMatchObject({ kind: 'published' });
    await closing;
    await expect(publish(opened, 2)).rejects.toMatchObject({ reason: 'closed', retryable: false });
    await expect(readAll(opened)).rejects.toMatchObject({ reason: 'closed' });
  });
});

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
