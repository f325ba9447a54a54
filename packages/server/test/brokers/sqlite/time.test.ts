import { join } from 'node:path';
import { VirtualEnv } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/brokers/sqlite/driver.ts';
import { LogClock } from '../../../src/brokers/sqlite/clock.ts';
import {
  dataOf,
  draft,
  folder,
  hour,
  keyed,
  open,
  publish,
  publishRange,
  range,
  readAll,
} from './support.ts';

const day = 24 * hour;

describe('time in the SQLite broker', () => {
  it('keeps keys over a restart, for all of their time', async () => {
    const file = join(folder(), 'thrum.db');
    const now = Date.UTC(2026, 10, 22);
    const first = open({ file, env: new VirtualEnv({ now, seed: 1 }) });
    const outcome = await publish(first, 1, keyed('k'));
    await first.broker.close();
    const env = new VirtualEnv({ now: now + hour - 1000, seed: 2 });
    const second = open({ file, env });
    expect(await publish(second, 1, keyed('k'))).toEqual({ ...outcome, kind: 'duplicate' });
    expect(await publish(second, 2, keyed('k', 'other'))).toEqual({ kind: 'conflict' });
    await env.advance(2000);
    expect((await publish(second, 2, keyed('k', 'other'))).kind).toBe('published');
  });

  it('is not moved by a jump of the wall clock', async () => {
    const env = new VirtualEnv();
    const opened = open({ env });
    await publish(opened, 1, keyed('k'));
    for (const jump of [10 * day, -20 * day]) {
      env.jump(jump);
      expect((await publish(opened, 1, keyed('k'))).kind).toBe('duplicate');
      expect(await dataOf(opened)).toEqual([1]);
    }
    await env.advance(hour);
    expect(await dataOf(opened)).toEqual([]);
  });

  it('survives a restart after the wall clock was set right', async () => {
    const file = join(folder(), 'thrum.db');
    // A machine without a battery boots in 1970, and is set right while the server runs.
    const env = new VirtualEnv({ now: 0, seed: 1 });
    const first = open({ file, env });
    await publish(first, 1, keyed('k'));
    env.jump(Date.UTC(2026, 10, 22));
    await first.broker.close();
    const second = open({ file, env: new VirtualEnv({ now: env.now() + 60_000, seed: 2 }) });
    expect((await publish(second, 1, keyed('k'))).kind).toBe('duplicate');
    expect(await dataOf(second)).toEqual([1]);
  });

  it('never goes back over a restart', () => {
    const env = new VirtualEnv({ now: 1_000_000 });
    const clock = new LogClock(env, { skew: 0, last: 1_000_000 });
    const state = clock.state();
    const later = new LogClock(new VirtualEnv({ now: 5000 }), state);
    expect(later.now()).toBeGreaterThanOrEqual(state.last);
  });
});

describe('retention in the SQLite broker', () => {
  const counts = (file: string): { rows: number; keys: number; channels: number } => {
    const db = openDatabase(file, { readOnly: true, busyMs: 0 });
    const count = (table: string) => Number(db.value(`SELECT count(*) FROM ${table}`));
    const all = { rows: count('publications'), keys: count('keys'), channels: count('channels') };
    db.close();
    return all;
  };

  // The next sweep is timed once the last one, which takes real time, has ended.
  const later = async (env: VirtualEnv, file: string): Promise<ReturnType<typeof counts>> => {
    await env.advance(60_000);
    return counts(file);
  };

  it('deletes rows beyond the size as it goes, a bunch at a time', async () => {
    const opened = open();
    const size = { retention: { size: 10, ttl: hour } };
    for (const n of range(1, 300)) void publish(opened, n, size);
    expect((await publish(opened, 301, size)).kind).toBe('published');
    expect((await readAll(opened)).oldest).toBe(292);
    await opened.broker.close();
    expect(counts(opened.file).rows).toBeLessThan(10 + 64);
  });

  it('sweeps what is too old, keys as well, in channels that nobody touches', async () => {
    const env = new VirtualEnv();
    const opened = open({ env, sweepMs: 60_000 });
    for (const n of range(1, 5)) await publish(opened, n, keyed(`k${n}`));
    await publish(opened, 'long', { retention: { size: 10, ttl: 90 * day } }, 'other');
    await env.advance(hour + 120_000);
    await expect
      .poll(() => later(env, opened.file), { interval: 5 })
      .toEqual({ rows: 1, keys: 0, channels: 2 });
    const page = await readAll(opened);
    expect([page.offset, page.oldest]).toEqual([5, 6]);
    expect(await dataOf(opened, 'other')).toEqual(['long']);
  });

  it('forgets a channel after a month of silence, whose next life has another epoch', async () => {
    const env = new VirtualEnv();
    const opened = open({ env });
    const { epoch } = await publishRange(opened, 1, 3);
    await publish(opened, 'long', { retention: { size: 10, ttl: 90 * day } }, 'other');
    const other = (await readAll(opened, 'other')).epoch;
    for (const pause of [2 * hour, 31 * day]) await env.advance(pause);
    await expect.poll(async () => (await later(env, opened.file)).channels, { interval: 5 }).toBe(1);
    const page = await readAll(opened);
    expect([page.offset, page.oldest]).toEqual([0, 1]);
    expect(page.epoch).not.toBe(epoch);
    const next = await opened.broker.publish('c', draft('again'), { retention: { size: 1, ttl: hour } });
    expect(next).toMatchObject({ position: { epoch: page.epoch, offset: 1 } });
    expect((await readAll(opened, 'other')).epoch).toBe(other);
    // Nothing was lost that was promised, so nobody is alarmed.
    expect(opened.changes).toEqual([]);
  });
});
