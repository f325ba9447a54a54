import { describe, expect, it } from 'vitest';
import { persistIn } from '../src/persist/index.ts';
import type { ChannelOptions } from '../src/index.ts';
import { at } from './support/fake-server.ts';
import type { FakeSocket } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';
import { createMemoryDisk } from './support/memory-store.ts';
import type { MemoryDisk } from './support/memory-store.ts';

const writeDelay = 1000;

/** One page of Ada's on a disk, connected, and listening to one channel. */
async function reading(disk: MemoryDisk, options: ChannelOptions = {}, name = 'chat') {
  const store = disk.open();
  const harness = createHarness({ persist: persistIn(store, { user: 'ada' }) });
  const { client, env, server } = harness;
  const got: unknown[] = [];
  const statuses: string[] = [];
  const channel = client.channel(name, options);
  channel.onStatus(({ type }) => statuses.push(type));
  const off = channel.onAny(({ offset }) => got.push(offset));
  client.connect();
  await env.settle();
  server.socket.accept({ authentication: 'done', userId: 'ada' });
  await env.settle();
  const { socket } = server;
  return { ...harness, socket, channel, got, statuses, off, die: () => store.close() };
}

const since = (socket: FakeSocket): unknown => socket.last('subscribe')['since'];

describe('a channel that is read again after a reload', () => {
  it('goes on behind what the page before had, and says recovered', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    expect(since(first.socket)).toBeUndefined();
    first.socket.subscribed('chat', { position: at(3) });
    first.socket.publish('chat', 4);
    await first.env.advance(writeDelay);
    first.die();

    const second = await reading(disk);
    expect(since(second.socket)).toEqual(at(4));
    second.socket.subscribed('chat', { position: at(4), recovered: true });
    second.socket.publish('chat', 5);
    expect(second.got).toEqual([5]);
    expect(second.statuses).toEqual(['subscribing', 'recovered']);
  });

  it('says reset where the server cannot go on from there', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.die();
    const second = await reading(disk);
    second.socket.subscribed('chat', { position: at(1, 'e2'), recovered: false });
    expect(second.statuses).toEqual(['subscribing', 'reset']);
  });

  it('may get again what was not written yet, and never skips any', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.socket.publish('chat', 4);
    await first.env.advance(writeDelay - 1);
    first.die();
    expect(since((await reading(disk)).socket)).toEqual(at(3));
  });

  it('has a place from its first moment on, or what comes next would be skipped', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.settle();
    first.die();
    expect(since((await reading(disk)).socket)).toEqual(at(3));
  });

  it('loses nothing of what pagehide could write', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    first.socket.publish('chat', 4);
    first.page.emit('left');
    await first.env.settle();
    first.die();
    expect(since((await reading(disk)).socket)).toEqual(at(4));
  });

  it('begins where the application says, if it does', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.die();
    expect(since((await reading(disk, { since: 'latest' })).socket)).toBe('latest');
  });

  it('is left to the server’s cursor where it has a name', async () => {
    const disk = createMemoryDisk();
    const options = { ack: true, name: 'worker-1' };
    const first = await reading(disk, options);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.die();
    expect(since((await reading(disk, options)).socket)).toBeUndefined();
  });

  it('is begun anew once the page before had left it', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.off();
    await first.env.advance(writeDelay);
    first.page.emit('left');
    await first.env.settle();
    first.die();
    expect(since((await reading(disk)).socket)).toBeUndefined();
  });

  it('keeps its place through pages that did not read it, or never reached the server', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.die();
    const elsewhere = await reading(disk, {}, 'other');
    elsewhere.socket.subscribed('other', { position: at(8) });
    await elsewhere.env.advance(writeDelay);
    elsewhere.die();
    const unanswered = await reading(disk);
    expect(since(unanswered.socket)).toEqual(at(3));
    unanswered.page.emit('left');
    await unanswered.env.settle();
    unanswered.die();
    const last = await reading(disk);
    expect(since(last.socket)).toEqual(at(3));
    last.client.channel('other').onAny(() => undefined);
    expect(since(last.socket)).toEqual(at(8));
  });

  it('of an acknowledged one goes on behind what was processed, not what was received', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk, { ack: true });
    let finish = (): void => undefined;
    first.channel.onAny(() => new Promise<void>((resolve) => (finish = resolve)));
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.socket.publish('chat', 4);
    await first.env.advance(writeDelay);
    first.die();
    const second = await reading(disk, { ack: true });
    expect(since(second.socket)).toEqual(at(3));
    finish();
  });

  it('and one of another tab that lives keep places of their own', async () => {
    const disk = createMemoryDisk();
    const slow = await reading(disk);
    slow.socket.subscribed('chat', { position: at(3) });
    const quick = await reading(disk);
    quick.socket.subscribed('chat', { position: at(9) });
    for (const tab of [slow, quick]) await tab.env.advance(writeDelay);
    slow.die();
    expect(since((await reading(disk)).socket)).toEqual(at(3));
    quick.die();
    expect(since((await reading(disk)).socket)).toEqual(at(9));
  });
});

describe('positions', () => {
  it('are kept for at most a thousand channels, the newest', async () => {
    const disk = createMemoryDisk();
    const before = disk.open();
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`old:${n}`, at(n)]));
    await before.savePositions('ada', many);
    before.close();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    first.die();
    const left = await disk.open().takePositions('ada');
    expect(Object.keys(left)).toHaveLength(1000);
    expect(Object.keys(left).at(-1)).toBe('chat');
  });

  it('are not written while nothing comes', async () => {
    const disk = createMemoryDisk();
    const first = await reading(disk);
    first.socket.subscribed('chat', { position: at(3) });
    await first.env.advance(writeDelay);
    const timers = first.env.pending();
    disk.failure = new Error('nobody should ask');
    await first.env.advance(5 * writeDelay);
    expect(first.env.pending()).toBe(timers);
    disk.failure = undefined;
    first.die();
  });
});
