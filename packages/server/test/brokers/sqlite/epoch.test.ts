import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FenceFile, readFence } from '../../../src/brokers/sqlite/fence.ts';
import { crashAfter, startPublisher } from './child.ts';
import { dataOf, folder, kept, open, positionOf, publish, publishRange, range, readAll } from './support.ts';

/** Twenty publications and an orderly end. */
async function closed(): Promise<{ file: string; epoch: string }> {
  const opened = open();
  const { epoch } = await publishRange(opened, 1, 20);
  await opened.broker.close();
  return { file: opened.file, epoch };
}

/** Twenty publications and kill -9. */
async function crashed(): Promise<{ file: string; epoch: string }> {
  const file = join(folder(), 'thrum.db');
  return { file, epoch: await crashAfter(file, 20) };
}

const long = { retention: { size: 100_000, ttl: 3_600_000 } };

/** Overwrites in place: the inode stays. */
function restore(copy: string, to: string): void {
  fs.writeFileSync(to, fs.readFileSync(copy));
}

function fenceOf(file: string): string {
  const names = fs.readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}-fence.`));
  return join(dirname(file), names[0] ?? '');
}

function asideOf(file: string): string[] {
  const names = fs.readdirSync(dirname(file));
  return names.filter((name) => name.includes('.damaged-') && !name.endsWith('-wal'));
}

async function expectSame(
  file: string,
  epoch: string,
  data: readonly number[] = range(1, 20),
): Promise<void> {
  const opened = open({ file });
  const page = await readAll(opened);
  expect(opened.changes).toEqual([]);
  expect(opened.lines).toEqual([]);
  expect(page.epoch).toBe(epoch);
  expect(page.publications.map((each) => each.data)).toEqual(data);
}

/** A new epoch for all, told once, that lasts; what is read is a beginning of what was written. */
async function expectNew(file: string, epoch: string, reason: RegExp): Promise<readonly unknown[]> {
  const opened = open({ file });
  const page = await readAll(opened);
  const [aside] = asideOf(file);
  expect(opened.changes).toEqual([
    {
      all: true,
      reason: expect.stringMatching(reason),
      ...(aside === undefined ? {} : { setAside: join(dirname(file), aside) }),
    },
  ]);
  expect(opened.lines.join()).toMatch(reason);
  expect(opened.lines.join()).toContain(aside ?? 'told that something may be missing');
  expect(page.epoch).not.toBe(epoch);
  const data = page.publications.map((each) => each.data);
  expect(data).toEqual(range(1, 20).slice(0, data.length));
  const next = positionOf(await publish(opened, 'next'));
  expect(next).toEqual({ epoch: page.epoch, offset: page.offset + 1 });
  await opened.broker.close();
  const again = open({ file });
  expect((await readAll(again)).epoch).toBe(page.epoch);
  expect(again.changes).toEqual([]);
  return data;
}

describe('the SQLite broker keeps its epoch', () => {
  it('over an orderly end', async () => {
    const { file, epoch } = await closed();
    await expectSame(file, epoch);
  });

  it('over kill -9', async () => {
    const { file, epoch } = await crashed();
    await expectSame(file, epoch);
  });

  it('when the crash came between the database and its fence', async () => {
    const { file, epoch } = await closed();
    const { fence } = readFence(file);
    fs.rmSync(fenceOf(file));
    if (fence !== undefined) new FenceFile(file).write({ ...fence, generation: fence.generation - 1 });
    await expectSame(file, epoch);
  });

  it('when the old fence was not removed yet', async () => {
    const { file, epoch } = await closed();
    const old = fenceOf(file);
    fs.copyFileSync(old, old.replace(/\d+$/, '1'));
    await expectSame(file, epoch);
  });

  it('when a power loss took the count of commits in the fence, or tore it', async () => {
    const { file, epoch } = await crashed();
    const bytes = fs.readFileSync(fenceOf(file));
    fs.writeFileSync(fenceOf(file), Buffer.concat([bytes.subarray(0, 515), Buffer.alloc(509, ' ')]));
    await expectSame(file, epoch);
  });

  it('when only the WAL index is lost', async () => {
    const { file, epoch } = await crashed();
    fs.rmSync(`${file}-shm`);
    await expectSame(file, epoch);
  });
});

describe('the SQLite broker changes every epoch', () => {
  it('when the WAL was cut', async () => {
    const { file, epoch } = await crashed();
    const { size } = fs.statSync(`${file}-wal`);
    fs.truncateSync(`${file}-wal`, Math.floor(size * 0.7));
    expect(
      (await expectNew(file, epoch, /ends at commit \d+, and \d+ were acknowledged/)).length,
    ).toBeLessThan(20);
  });

  it('when the last commit alone is missing from the WAL', async () => {
    const { file, epoch } = await crashed();
    fs.truncateSync(`${file}-wal`, fs.statSync(`${file}-wal`).size - 1);
    expect(await expectNew(file, epoch, /were acknowledged/)).toEqual(range(1, 19));
  });

  it('when the WAL was deleted', async () => {
    const { file, epoch } = await crashed();
    fs.rmSync(`${file}-wal`);
    await expectNew(file, epoch, /acknowledged|gone|older/);
  });

  it('when bytes of the WAL were flipped', async () => {
    const { file, epoch } = await crashed();
    const bytes = fs.readFileSync(`${file}-wal`);
    const middle = Math.floor(bytes.length * 0.6);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
    fs.writeFileSync(`${file}-wal`, bytes);
    await expectNew(file, epoch, /were acknowledged/);
  });

  it('when the database was cut, and sets it aside', async () => {
    const { file, epoch } = await closed();
    fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
    expect(await expectNew(file, epoch, /damaged/)).toEqual([]);
    expect(asideOf(file).length).toBe(1);
  });

  it('when the database is nonsense, and sets it aside', async () => {
    const { file, epoch } = await closed();
    fs.writeFileSync(file, Buffer.alloc(20_000, 'nonsense'));
    expect(await expectNew(file, epoch, /damaged/)).toEqual([]);
    expect(asideOf(file).length).toBe(1);
  });

  it.each([
    ['emptied', (file: string) => fs.truncateSync(file)],
    ['deleted', (file: string) => fs.rmSync(file)],
  ])('when the database was %s', async (_, harm) => {
    const { file, epoch } = await closed();
    harm(file);
    expect(await expectNew(file, epoch, /it is gone/)).toEqual([]);
  });

  it('when the fence was deleted', async () => {
    const { file, epoch } = await crashed();
    fs.rmSync(fenceOf(file));
    expect(await expectNew(file, epoch, /fence is gone/)).toEqual(range(1, 20));
  });

  it('when the fence is damaged', async () => {
    const { file, epoch } = await closed();
    fs.truncateSync(fenceOf(file), 20);
    expect(await expectNew(file, epoch, /fence is damaged/)).toEqual(range(1, 20));
  });

  it('when the file is a copy, though of the same content', async () => {
    const { file, epoch } = await closed();
    fs.copyFileSync(file, `${file}.copy`);
    fs.renameSync(`${file}.copy`, file);
    expect(await expectNew(file, epoch, /another file on disk/)).toEqual(range(1, 20));
  });

  it('when an older copy was put back in place', async () => {
    const { file } = await closed();
    fs.copyFileSync(file, `${file}.backup`);
    const opened = open({ file });
    const { epoch } = await publishRange(opened, 21, 30);
    await opened.broker.close();
    restore(`${file}.backup`, file);
    expect(await expectNew(file, epoch, /older than its fence/)).toEqual(range(1, 20));
  });

  it('when an older copy was put back together with its fence', async () => {
    const { file } = await closed();
    const backup = join(folder(), 'backup');
    fs.cpSync(dirname(file), backup, { recursive: true });
    const opened = open({ file });
    const { epoch } = await publishRange(opened, 21, 30);
    await opened.broker.close();
    for (const name of fs.readdirSync(backup)) restore(join(backup, name), join(dirname(file), name));
    expect(await expectNew(file, epoch, /older than its fence/)).toEqual(range(1, 20));
  });

  it('when a copy taken since the last mark of generation was put back after a crash', async () => {
    const file = join(folder(), 'thrum.db');
    const publisher = startPublisher(file, { count: 0 });
    await publisher.lines.next((line) => line.startsWith('ack 10 '));
    for (const end of ['', '-wal']) fs.copyFileSync(file + end, `${file}.backup${end}`);
    await publisher.lines.next((line) => line.startsWith('ack 300 '));
    await publisher.kill();
    for (const end of ['', '-wal']) restore(`${file}.backup${end}`, file + end);
    const opened = open({ file });
    const { epoch } = await readAll(opened);
    expect(epoch).not.toBe(publisher.acks()[0]?.epoch);
    expect(opened.changes.map(({ reason }) => reason).join()).toMatch(/acknowledged|damaged/);
  });

  it('when the fence is that of another database', async () => {
    const [one, other] = [await closed(), await closed()];
    fs.copyFileSync(fenceOf(other.file), fenceOf(one.file));
    expect(await expectNew(one.file, one.epoch, /another database/)).toEqual(range(1, 20));
  });

  it('when pages turn out to be damaged while it runs, and sets the file aside', async () => {
    const opened = open();
    for (let n = 0; n < 8; n += 1) {
      await Promise.all(range(1, 1000).map(() => publish(opened, 'x'.repeat(2000), long)));
    }
    const { epoch } = await opened.broker.read('c', { limit: 0 });
    const { size } = fs.statSync(opened.file);
    const file = fs.openSync(opened.file, 'r+');
    // From the second page on: what was read so far is in SQLite's cache, most of this is not.
    fs.writeSync(file, Buffer.alloc(size - 4096, 0xee), 0, size - 4096, 4096);
    fs.closeSync(file);
    await expect(readAll(opened)).rejects.toMatchObject({ reason: 'damaged', retryable: true });
    const page = await readAll(opened);
    expect(page.epoch).not.toBe(epoch);
    expect(page.publications).toEqual([]);
    const [aside = ''] = asideOf(opened.file);
    expect(opened.changes).toEqual([
      { all: true, reason: expect.stringMatching(/damaged/), setAside: expect.stringContaining(aside) },
    ]);
    expect(aside).toContain('.damaged-');
    expect((await publish(opened, 'next')).kind).toBe('published');
  });

  it('when it notices while it runs that its file was taken away', async () => {
    const opened = open({ sweepMs: 20 });
    const { epoch } = await publishRange(opened, 1, 3);
    fs.renameSync(opened.file, `${opened.file}.moved`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = setInterval(() => opened.changes.length > 0 && resolve(), 5);
    await promise;
    clearInterval(watch);
    expect((await readAll(opened)).epoch).not.toBe(epoch);
    expect(opened.lines.join()).toMatch(/replaced while it was open/);
  });
});

describe('the SQLite broker changes the epoch of one channel', () => {
  it('when a row does not match its checksum, and keeps what follows it', async () => {
    const { file, epoch } = await withMarked();
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('marked-7');
    bytes.write('marked-8', at);
    fs.writeFileSync(file, bytes);
    const opened = open({ file });
    const page = await readAll(opened);
    expect(page.epoch).not.toBe(epoch);
    expect([page.offset, page.oldest]).toEqual([20, 8]);
    expect(page.publications.map((each) => each.data)).toEqual(range(8, 20).map((n) => `marked-${n}`));
    expect(opened.changes).toEqual([
      { all: false, channel: 'c', reason: expect.stringMatching(/publication 7 does not match/) },
    ]);
    expect((await readAll(opened, 'other')).epoch).toBe(epoch);
    expect(positionOf(await publish(opened, 'next'))).toEqual({ epoch: page.epoch, offset: 21 });
    await opened.broker.close();
    const again = open({ file });
    expect((await readAll(again)).epoch).toBe(page.epoch);
    expect((await readAll(again)).publications.length).toBe(14);
    expect(again.changes).toEqual([]);
  });
});

async function withMarked(): Promise<{ file: string; epoch: string }> {
  const opened = open();
  await publish(opened, 'untouched', kept, 'other');
  for (const n of range(1, 20)) await publish(opened, `marked-${n}`);
  const { epoch } = await readAll(opened);
  expect((await dataOf(opened)).length).toBe(20);
  await opened.broker.close();
  return { file: opened.file, epoch };
}
