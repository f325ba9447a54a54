import { describe, expect, it, vi } from 'vitest';
import { persistIn } from '../src/persist/index.ts';
import type { PersistOptions, PersistStore } from '../src/persist/index.ts';
import type { ClientOptions, DroppedPublish, Published, ThrumError } from '../src/index.ts';
import type { FakeSocket, Frame } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';
import { createMemoryDisk } from './support/memory-store.ts';
import type { MemoryDisk } from './support/memory-store.ts';

interface Life {
  readonly restored: [DroppedPublish, Promise<Published>][];
  readonly errors: ThrumError[];
}

const ada = { authentication: 'done', userId: 'ada' };

/** One page on a disk; it ends with `die`, without a word to anybody. */
function page(disk: MemoryDisk, keep: PersistOptions = {}, options: ClientOptions = {}) {
  const restored: Life['restored'] = [];
  const errors: ThrumError[] = [];
  const store = disk.open();
  const persist = persistIn(store, {
    onRestored: (publish, published) => restored.push([publish, published]),
    onError: (error) => errors.push(error as ThrumError),
    ...keep,
  });
  const harness = createHarness({ persist, ...options });
  const accept = async (welcome: Frame = ada): Promise<FakeSocket> => {
    harness.client.connect();
    await harness.env.settle();
    harness.server.socket.accept(welcome);
    await harness.env.settle();
    return harness.server.socket;
  };
  const publish = (id: string, channel = 'chat') =>
    harness.client.channel(channel).publish('message', { text: id }, { id });
  return { ...harness, restored, errors, accept, publish, die: () => store.close() };
}

/** A page of Ada's that ended before the server had these. */
async function leave(disk: MemoryDisk, ...publishes: readonly string[]): Promise<void> {
  const first = page(disk, { user: 'ada' });
  for (const id of publishes) void first.publish(id);
  await first.env.settle();
  first.die();
}

const ids = (socket: FakeSocket): unknown[] => socket.all('message').map(({ id }) => id);
const kept = (disk: MemoryDisk): unknown[] => disk.rows.map(({ user, id }) => `${user} ${id}`);

describe('a publish without its ack', () => {
  it('goes again from the next page, with its id, its body and in its order, before what is new', async () => {
    const disk = createMemoryDisk();
    const first = page(disk, { user: 'ada' });
    const socket = await first.accept();
    for (const id of ['a', 'b', 'c']) void first.publish(id);
    socket.send({ type: 'ack', id: 'a', channel: 'chat' });
    const sent = socket.all('message')[1];
    await first.env.settle();
    first.die();

    const second = page(disk, { user: 'ada' });
    void second.publish('new');
    const again = await second.accept();
    expect(ids(again)).toEqual(['b', 'c', 'new']);
    expect({ ...again.all('message')[0], follows: 'a' }).toEqual(sent);
    for (const id of ['b', 'c', 'new']) again.send({ type: 'ack', id, channel: 'chat', duplicate: true });
    await second.env.settle();
    expect(kept(disk)).toEqual([]);
  });

  it('is shown, and its outcome told, to the page that it comes back in', async () => {
    const disk = createMemoryDisk();
    await leave(disk, 'a', 'b');

    const onDrop = vi.fn();
    const second = page(disk, { user: 'ada' }, { onDrop });
    await second.env.settle();
    const publish = (id: string) => ({ channel: 'chat', event: 'message', data: { text: id }, id });
    expect(second.restored.map(([one]) => one)).toEqual([publish('a'), publish('b')]);
    expect(second.client.stats().queued).toBe(2);
    const socket = await second.accept();
    socket.send({ type: 'ack', id: 'a', channel: 'chat', duplicate: true });
    socket.send({ type: 'error', id: 'b', code: 'access_denied', message: 'No', retry: false });
    expect(await second.restored[0]?.[1]).toEqual({ id: 'a', duplicate: true });
    await expect(second.restored[1]?.[1]).rejects.toMatchObject({ code: 'access_denied' });
    expect(onDrop).toHaveBeenCalledWith(publish('b'), expect.objectContaining({ code: 'access_denied' }));
    await second.env.settle();
    expect(kept(disk)).toEqual([]);
  });

  it('is kept from the first moment where the page says whose it is, else once the server has', async () => {
    const disk = createMemoryDisk();
    const named = page(disk, { user: 'ada' });
    const nameless = page(disk);
    void named.publish('a');
    void nameless.publish('b');
    await named.env.settle();
    expect(kept(disk)).toEqual(['ada a']);
    await nameless.accept();
    expect(kept(disk)).toEqual(['ada a', 'ada b']);
    expect(ids(nameless.server.socket)).toEqual(['b']);
  });

  it('waits for its user to be named, and goes before what was published meanwhile', async () => {
    const disk = createMemoryDisk();
    const first = page(disk);
    await first.accept();
    void first.publish('old');
    await first.env.settle();
    first.die();
    const second = page(disk);
    void second.publish('new');
    expect(ids(await second.accept())).toEqual(['old', 'new']);
  });

  it('is not kept with queue: false, nor once it was given up', async () => {
    const disk = createMemoryDisk();
    const one = page(disk, { user: 'ada' });
    await one.accept();
    void one.client.channel('chat').publish('message', 1, { queue: false });
    const controller = new AbortController();
    void one.client.channel('chat').publish('message', 1, { id: 'a', signal: controller.signal });
    await one.env.settle();
    expect(kept(disk)).toEqual(['ada a']);
    controller.abort();
    await one.env.settle();
    expect(kept(disk)).toEqual([]);
    void one.publish('b');
    one.client.disconnect();
    await one.env.settle();
    expect(kept(disk)).toEqual([]);
  });

  it('is given up when its time is over by the wall clock, and a clock set back does not prolong it', async () => {
    const disk = createMemoryDisk();
    const first = page(disk, { user: 'ada' });
    void first.publish('old');
    await first.env.advance(50_000);
    void first.publish('young');
    await first.env.settle();
    first.die();

    const second = page(disk, { user: 'ada' });
    // As long again as it had left: the harness begins at one moment, so this page's clock is 50 s behind.
    await second.env.advance(59_999);
    expect(second.client.stats().queued).toBe(2);
    await second.env.advance(1);
    await expect(second.restored[0]?.[1]).rejects.toMatchObject({ code: 'expired' });
    await expect(second.restored[1]?.[1]).rejects.toMatchObject({ code: 'expired' });
    expect(kept(disk)).toEqual([]);
  });

  it('whose time was over before the page came is told as expired, and never sent', async () => {
    const disk = createMemoryDisk();
    const before = disk.open();
    const frame = JSON.stringify({ type: 'message', channel: 'chat', event: 'message', data: 1, id: 'a' });
    await before.save('ada', { id: 'a', frame, until: 1000 });
    before.close();
    const second = page(disk, { user: 'ada' });
    await second.env.settle();
    await expect(second.restored[0]?.[1]).rejects.toMatchObject({ code: 'expired' });
    expect(ids(await second.accept())).toEqual([]);
  });

  it('ends as expired where the queue has no room for it: the newest stay', async () => {
    const disk = createMemoryDisk();
    await leave(disk, 'a', 'b', 'c');
    const second = page(disk, { user: 'ada' }, { queue: { maxCount: 2 } });
    const socket = await second.accept();
    expect(ids(socket)).toEqual(['b', 'c']);
    await expect(second.restored[0]?.[1]).rejects.toMatchObject({ code: 'expired' });
  });

  it('is one with what this page publishes again under its id', async () => {
    const disk = createMemoryDisk();
    await leave(disk, 'a');
    const second = page(disk, { user: 'ada' });
    const early = second.publish('a');
    const socket = await second.accept();
    const late = second.publish('a');
    expect(ids(socket)).toEqual(['a']);
    socket.send({ type: 'ack', id: 'a', channel: 'chat' });
    expect(await early).toEqual(await late);
    expect(second.restored).toEqual([]);
    await second.env.settle();
    expect(kept(disk)).toEqual([]);
  });

  it('that another tab left when it closed goes at the next connection', async () => {
    const disk = createMemoryDisk();
    const stays = page(disk, { user: 'ada' });
    const socket = await stays.accept();
    const closes = page(disk, { user: 'ada' });
    void closes.publish('a');
    await closes.env.settle();
    closes.die();
    expect(ids(socket)).toEqual([]);
    expect(ids(await stays.reconnect())).toEqual([]);
    stays.server.socket.close(1006);
    await stays.env.advance(3000);
    expect(ids(await stays.accept())).toEqual(['a']);
  });
});

describe('another user', () => {
  it('sends nothing of it, is told nothing of it, and leaves it to the one it belongs to', async () => {
    const disk = createMemoryDisk();
    await leave(disk, 'a');
    const bobs = page(disk, { user: 'bob' });
    expect(ids(await bobs.accept({ authentication: 'done', userId: 'bob' }))).toEqual([]);
    expect(bobs.restored).toEqual([]);
    expect(kept(disk)).toEqual(['ada a']);
    expect(ids(await page(disk, { user: 'ada' }).accept())).toEqual(['a']);
  });

  it('than the page said is served without a store: the first one’s stays, and nothing of it goes', async () => {
    const disk = createMemoryDisk();
    await leave(disk, 'a');

    const second = page(disk, { user: 'ada' });
    void second.publish('new');
    await second.env.settle();
    expect(kept(disk)).toEqual(['ada a', 'ada new']);
    const socket = await second.accept({ authentication: 'done', userId: 'bob' });
    expect(ids(socket)).toEqual(['new']);
    await expect(second.restored[0]?.[1]).rejects.toMatchObject({ code: 'user_mismatch' });
    expect(second.errors.map(({ code }) => code)).toEqual(['user_mismatch']);
    void second.publish('newer');
    await second.env.settle();
    expect(kept(disk)).toEqual(['ada a']);
  });

  it('who is anonymous has a place of their own', async () => {
    const disk = createMemoryDisk();
    const nobody = page(disk);
    await nobody.accept({ authentication: 'optional' });
    void nobody.publish('a');
    await nobody.env.settle();
    expect(kept(disk)).toEqual([' a']);
    nobody.die();
    expect(ids(await page(disk).accept())).toEqual([]);
    expect(ids(await page(disk).accept({ authentication: 'optional' }))).toEqual(['a']);
  });
});

describe('a store that fails', () => {
  it('at the start is told once, and the client works', async () => {
    const disk = createMemoryDisk();
    disk.failure = new Error('forbidden');
    const one = page(disk, { user: 'ada' });
    const published = one.publish('a');
    const socket = await one.accept();
    one.client.channel('chat').on('message', () => undefined);
    expect(socket.all('subscribe')).toHaveLength(1);
    socket.send({ type: 'ack', id: 'a', channel: 'chat' });
    expect(await published).toMatchObject({ id: 'a' });
    expect(one.errors).toEqual([disk.failure]);
  });

  it('later is told once; the client goes on, and still removes what it can', async () => {
    const disk = createMemoryDisk();
    const one = page(disk, { user: 'ada' });
    const socket = await one.accept();
    const first = one.publish('a');
    await one.env.settle();
    disk.failure = new Error('full');
    const second = one.publish('b');
    await one.env.settle();
    disk.failure = undefined;
    const third = one.publish('c');
    await one.env.settle();
    expect(kept(disk)).toEqual(['ada a']);
    for (const id of ['a', 'b', 'c']) socket.send({ type: 'ack', id, channel: 'chat' });
    expect(await Promise.all([first, second, third])).toHaveLength(3);
    expect(kept(disk)).toEqual([]);
    expect(one.errors.map(({ message }) => message)).toEqual(['full']);
    expect(one.env.pending()).toBe(1);
  });

  it('that never answers holds nothing up for longer than five seconds', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const store: PersistStore = {
      takePublishes: never,
      takePositions: never,
      save: never,
      remove: never,
      savePositions: never,
      close: () => undefined,
    };
    const errors: unknown[] = [];
    const persist = persistIn(store, { user: 'ada', onError: (error) => errors.push(error) });
    const { client, env, server } = createHarness({ persist });
    client.connect();
    server.socket.accept(ada);
    const { socket } = server;
    void client.channel('chat').publish('message', 1, { id: 'a' });
    client.channel('chat').on('message', () => undefined);
    await env.advance(4999);
    expect(socket.sent).toEqual([]);
    await env.advance(1);
    expect(socket.sent.map(({ type }) => type)).toEqual(['message', 'subscribe']);
    expect(errors).toMatchObject([{ code: 'timeout' }]);
  });

  it('with damaged entries tells of them and goes on with the sound ones', async () => {
    const disk = createMemoryDisk();
    const before = disk.open();
    const until = 2_000_000_000_000;
    const frame = (id: string) =>
      JSON.stringify({ type: 'message', channel: 'chat', event: 'message', data: 1, id });
    await before.save('ada', { id: 'a', frame: '{"type":', until });
    await before.save('ada', { id: 'b', frame: frame('other'), until });
    await before.save('ada', { id: 'c', frame: JSON.stringify({ id: 'c', channel: 7 }), until });
    await before.save('ada', { id: 'd', frame: frame('d'), until });
    await before.savePositions('ada', { chat: { epoch: 'e1', offset: -1 } });
    before.close();
    const one = page(disk, { user: 'ada' });
    one.client.channel('chat').on('message', () => undefined);
    const socket = await one.accept();
    expect(ids(socket)).toEqual(['d']);
    expect(one.errors.map(({ code }) => code)).toEqual(Array(3).fill('invalid_data'));
    expect(socket.last('subscribe')['since']).toBeUndefined();
    expect(kept(disk)).toEqual(['ada d']);
  });

  it('and listeners that throw stop nothing', async () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const bug = (): never => {
      throw new Error('bug');
    };
    const disk = createMemoryDisk();
    await leave(disk, 'a');
    const second = page(disk, { user: 'ada', onRestored: bug, onError: bug });
    expect(ids(await second.accept())).toEqual(['a']);
    disk.failure = new Error('full');
    void second.publish('b');
    await second.env.settle();
    expect(complain).toHaveBeenCalledTimes(2);
    complain.mockRestore();
  });
});

it('is for one client: a second one is refused at once', () => {
  const persist = persistIn(createMemoryDisk().open());
  createHarness({ persist });
  expect(() => createHarness({ persist })).toThrow(TypeError);
});

describe('a client that is disposed of', () => {
  it('leaves no timer, no listener, and its positions to the next', async () => {
    const disk = createMemoryDisk();
    const one = page(disk, { user: 'ada' });
    const socket = await one.accept();
    one.client.channel('chat').on('message', () => undefined);
    socket.subscribed('chat', { position: { epoch: 'e1', offset: 4 } });
    one.client.dispose();
    await one.env.advance(1000);
    expect(one.env.pending()).toBe(0);
    expect(one.page.listening).toBe(0);
    const next = page(disk, { user: 'ada' });
    next.client.channel('chat').on('message', () => undefined);
    expect((await next.accept()).last('subscribe')).toMatchObject({ since: { epoch: 'e1', offset: 4 } });
  });

  it('while the store still loads does nothing any more', async () => {
    const disk = createMemoryDisk();
    await leave(disk, 'a');
    const second = page(disk, { user: 'ada' });
    second.client.dispose();
    await second.env.settle();
    expect(second.restored).toEqual([]);
    expect(second.env.pending()).toBe(0);
  });
});
