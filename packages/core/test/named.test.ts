import { describe, expect, it } from 'vitest';
import { createCore, createMemoryBroker, createMemoryStore, type Store } from '../src/index.ts';
import { settle, VirtualEnv } from '@thrum/testkit';
import { TestClient } from './support/client.ts';
import { createWorld, type World } from './support/world.ts';

const worker = { ack: true, name: 'worker-1' };

async function published(world: World, count: number, from = 1): Promise<void> {
  for (let n = from; n < from + count; n += 1) await world.publish('a', n);
}

function confirm(client: TestClient, offset: number): void {
  client.send({ type: 'ack', channel: 'a', offset });
}

describe('a named subscriber', () => {
  it('begins at the top, and afterwards where it confirmed, whatever was sent', async () => {
    const world = createWorld();
    await published(world, 2);
    const first = await world.join('ada', 'a', worker);
    expect(first.last('subscribed')).toMatchObject({ position: { offset: 2 }, recovered: false });
    await published(world, 3, 3);
    expect(first.offsets()).toEqual([3, 4, 5]);
    confirm(first, 4);
    first.drop();
    await world.publish('a', 6);
    const second = await world.join('ada', 'a', worker);
    expect(second.last('subscribed')).toMatchObject({ position: { offset: 4 }, recovered: true });
    expect(second.offsets()).toEqual([5, 6]);
  });

  it('skips nothing when it dies before it confirmed anything', async () => {
    const world = createWorld();
    const first = await world.join('ada', 'a', worker);
    first.drop();
    await published(world, 2);
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual([1, 2]);
  });

  it('is of its user and its channel', async () => {
    const world = createWorld();
    const [ada, bob] = [await world.join('ada', 'a', worker), await world.join('bob', 'a', worker)];
    await world.join('ada', 'b', worker);
    await published(world, 2);
    confirm(ada, 2);
    expect(bob.closedWith).toBeUndefined();
    expect(bob.last('unsubscribed')).toBeUndefined();
    bob.drop();
    expect((await world.join('bob', 'a', worker)).offsets()).toEqual([1, 2]);
  });

  it('moves its cursor only up to the first that is unconfirmed', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', worker);
    for (const id of ['x', 'y', 'z']) await world.publishEvent('a', 'message', id, { id });
    client.send({ type: 'ack', id: 'x' });
    client.send({ type: 'ack', id: 'z' });
    client.send({ type: 'unsubscribe', channel: 'a' });
    await world.settle();
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual([2, 3]);
  });

  it('goes where the client says with since, and its cursor with it', async () => {
    const world = createWorld();
    await published(world, 5);
    const { epoch } = world.broker.appended[0] ?? {};
    const first = await world.join('ada', 'a', { ...worker, since: { epoch, offset: 2 } });
    expect(first.offsets()).toEqual([3, 4, 5]);
    first.drop();
    const second = await world.join('ada', 'a', worker);
    expect(second.offsets()).toEqual([3, 4, 5]);
    const third = await world.join('ada', 'a', { ...worker, since: { last: 1 } });
    expect(third.last('subscribed')).toMatchObject({ position: { offset: 4 }, recovered: false });
    expect(third.offsets()).toEqual([5]);
    const { id } = third;
    expect(id).not.toBe(second.id);
    expect(second.last('unsubscribed')).toEqual({ type: 'unsubscribed', channel: 'a', code: 'superseded' });
  });

  it('is told honestly where its cursor lies in a log that is gone', async () => {
    const world = createWorld();
    const first = await world.join('ada', 'a', worker);
    await published(world, 3);
    confirm(first, 3);
    first.drop();
    await world.settle();
    await world.broker.wipe();
    await published(world, 5);
    const second = await world.join('ada', 'a', worker);
    expect(second.last('subscribed')).toMatchObject({ position: { offset: 5 }, recovered: false });
    expect(second.offsets()).toEqual([]);
    await world.publish('a', 6);
    second.drop();
    const third = await world.join('ada', 'a', worker);
    expect(third.last('subscribed')).toMatchObject({ position: { offset: 5 }, recovered: true });
    expect(third.offsets()).toEqual([6]);
  });

  it('is told honestly where the log no longer reaches back to its cursor', async () => {
    const world = createWorld({ channels: { a: { history: { size: 3 } } } });
    (await world.join('ada', 'a', worker)).drop();
    await published(world, 5);
    const client = await world.join('ada', 'a', worker);
    expect(client.last('subscribed')).toMatchObject({ position: { offset: 5 }, recovered: false });
  });

  it('recovers beyond a page of history, in order', async () => {
    const world = createWorld({
      channels: { a: { history: { size: 2000 } } },
      limits: { historyPage: 20, ackWindow: 1000 },
    });
    (await world.join('ada', 'a', worker)).drop();
    await published(world, 150);
    const client = await world.join('ada', 'a', worker);
    expect(client.last('subscribed')).toMatchObject({ recovered: true });
    expect(client.all('subscribed')).toHaveLength(1);
    expect(client.offsets()).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
  });

  it('does not let an ack of an old epoch confirm what nobody has seen', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', worker);
    await world.publish('a', 1);
    const { epoch } = world.broker.appended[0] ?? {};
    await world.broker.wipe();
    await world.publish('a', 1);
    await world.publish('a', 2);
    await world.settle();
    await world.publish('a', 3);
    client.send({ type: 'ack', channel: 'a', offset: 3, epoch });
    client.drop();
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual(client.offsets().slice(1));
    const now = world.broker.appended.at(-1)?.epoch;
    const third = await world.join('ada', 'a', worker);
    third.send({ type: 'ack', channel: 'a', offset: 3, epoch: now });
    third.drop();
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual([]);
  });

  it.each([{ name: 'w' }, { ack: false, name: 'w' }, { ack: true, name: '' }, { ack: true, name: 7 }])(
    'is not to be had with %j',
    async (fields) => {
      const client = await createWorld().join('ada', 'a', { ...fields, id: 1 });
      expect(client.answers(1)[0]).toMatchObject({ code: 'invalid_frame' });
    },
  );

  it('is not to be had for an anonymous connection', async () => {
    const world = createWorld({ auth: { anonymous: true, authenticate: () => ({ userId: 'x' }) } });
    const client = world.connect(undefined);
    client.send({ type: 'subscribe', channel: 'a', ...worker, id: 1 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({ code: 'invalid_frame' });
  });
});

describe('a name', () => {
  it('passes to the second who takes it, and the first is told', async () => {
    const world = createWorld();
    const first = await world.join('ada', 'a', worker);
    await published(world, 3);
    confirm(first, 1);
    const second = await world.join('ada', 'a', worker);
    expect(first.last('unsubscribed')).toEqual({ type: 'unsubscribed', channel: 'a', code: 'superseded' });
    expect(second.offsets()).toEqual([2, 3]);
    confirm(first, 3);
    await world.publish('a', 4);
    expect(first.offsets()).toEqual([1, 2, 3]);
    second.drop();
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual([2, 3, 4]);
  });

  it('has one holder, however many take it at once', async () => {
    const world = createWorld();
    const clients = Array.from({ length: 8 }, () => world.connect('ada'));
    for (const client of clients) client.send({ type: 'subscribe', channel: 'a', ...worker, id: 'n' });
    await world.settle();
    await world.publish('a', 1);
    const reached = clients.filter((client) => client.offsets().length > 0);
    expect(reached).toHaveLength(1);
    for (const client of clients) {
      if (reached.includes(client)) continue;
      const told = client.frames.some(({ code }) => code === 'superseded');
      expect(told).toBe(true);
    }
  });

  it('can be given up, changed and taken again on one connection', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', worker);
    await published(world, 2);
    confirm(client, 1);
    client.send({ type: 'subscribe', channel: 'a', ack: true });
    client.send({ type: 'subscribe', channel: 'a', ack: true, name: 'other' });
    await world.settle();
    expect(client.all('unsubscribed')).toEqual([]);
    client.clear();
    client.send({ type: 'subscribe', channel: 'a', ...worker });
    await world.settle();
    expect(client.offsets()).toEqual([2]);
    client.clear();
    client.send({ type: 'subscribe', channel: 'a', ...worker });
    await world.settle();
    expect(client.frames).toEqual([expect.objectContaining({ type: 'subscribed' })]);
  });

  it('costs at most four writes a second, and none while nothing moves', async () => {
    let puts = 0;
    const env = new VirtualEnv();
    const inner = createMemoryStore(env);
    const store: Store = {
      durable: false,
      get: (...args) => inner.get(...args),
      put: (...args) => ((puts += 1), inner.put(...args)),
      delete: (...args) => inner.delete(...args),
      close: () => inner.close(),
    };
    const world = createWorld({ store });
    const client = await world.join('ada', 'a', worker);
    expect(puts).toBe(1);
    for (let n = 1; n <= 100; n += 1) {
      await world.publish('a', n);
      confirm(client, n);
      await world.advance(10);
    }
    await world.advance(1000);
    expect(puts).toBeGreaterThan(2);
    expect(puts).toBeLessThanOrEqual(7);
    const before = puts;
    await world.advance(10_000);
    expect(puts).toBe(before);
  });
});

describe('a cursor', () => {
  it('survives the end of the server, planned or not, with what was confirmed before', async () => {
    const env = new VirtualEnv();
    const [broker, store] = [createMemoryBroker(env), createMemoryStore(env)];
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const auth = { authenticate: (userId: string) => ({ userId }) };
    const start = () => createCore({ env, broker, store, log, auth, channels: { a: {} } });
    const join = async (core: ReturnType<typeof start>) => {
      const client = new TestClient(core, { authentication: { ok: true, identity: { userId: 'ada' } } });
      client.send({ type: 'subscribe', channel: 'a', ...worker });
      await settle();
      return client;
    };
    let core = start();
    const first = await join(core);
    for (let n = 1; n <= 4; n += 1) await core.publish('a', 'message', n);
    await settle();
    confirm(first, 1);
    await env.advance(250);
    confirm(first, 2);
    // Killed: what was confirmed in the last moment is lost, and comes again.
    core = start();
    const second = await join(core);
    expect(second.offsets()).toEqual([2, 3, 4]);
    confirm(second, 3);
    await core.close();
    core = start();
    expect((await join(core)).offsets()).toEqual([4]);
  });

  it('is refused with unavailable when the store fails, and the stream that was there has ended', async () => {
    const env = new VirtualEnv();
    let fails = true;
    const inner = createMemoryStore(env);
    const check = (): void => {
      if (fails) throw new Error('the disk is gone');
    };
    const store: Store = {
      ...inner,
      durable: false,
      get: async (...args) => (check(), inner.get(...args)),
      put: async (...args) => (check(), inner.put(...args)),
      delete: (...args) => inner.delete(...args),
      close: () => inner.close(),
    };
    const world = createWorld({ store });
    const client = await world.join('ada', 'a', { ...worker, id: 1 });
    expect(client.answers(1)[0]).toMatchObject({ code: 'unavailable' });
    fails = false;
    client.send({ type: 'subscribe', channel: 'a', ...worker });
    await world.settle();
    await published(world, 2);
    fails = true;
    confirm(client, 2);
    await world.advance(1000);
    expect(world.lines).toContainEqual(expect.objectContaining({ message: 'a cursor could not be written' }));
    client.send({ type: 'subscribe', channel: 'a', ...worker, since: { last: 1 }, id: 2 });
    await world.settle();
    expect(client.answers(2)[0]).toMatchObject({ code: 'unavailable' });
    expect(client.last('unsubscribed')).toMatchObject({ code: 'unavailable' });
    fails = false;
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual([1, 2]);
  });

  it('is stored before the stream begins, and before the next holder reads it', async () => {
    const env = new VirtualEnv();
    const inner = createMemoryStore(env);
    const waiting: (() => void)[] = [];
    let isSlow = true;
    const pass = (): Promise<void> =>
      isSlow ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
    const store: Store = {
      durable: false,
      get: (...args) => inner.get(...args),
      put: async (...args) => {
        await pass();
        return inner.put(...args);
      },
      delete: (...args) => inner.delete(...args),
      close: () => inner.close(),
    };
    const world = createWorld({ store });
    const first = await world.join('ada', 'a', worker);
    expect(first.last('subscribed')).toBeUndefined();
    waiting.shift()?.();
    await world.settle();
    expect(first.last('subscribed')).toBeDefined();
    await published(world, 3);
    confirm(first, 2);
    const second = await world.join('ada', 'a', worker);
    expect(second.last('subscribed')).toBeUndefined();
    isSlow = false;
    for (const resolve of waiting) resolve();
    await world.settle();
    expect(second.offsets()).toEqual([3]);
  });

  it('cannot be moved by a holder whom another node has superseded', async () => {
    const env = new VirtualEnv();
    const store = createMemoryStore(env);
    const one = createWorld({ store, seed: 1 });
    const two = createWorld({ store, seed: 2 });
    const first = await one.join('ada', 'a', worker);
    await published(one, 3);
    await two.join('ada', 'a', worker);
    confirm(first, 3);
    await one.advance(250);
    expect(first.last('unsubscribed')).toMatchObject({ code: 'superseded' });
    const { value } = (await store.get('cursors', JSON.stringify(['ada', 'a', 'worker-1']))) ?? {};
    expect(value).toMatchObject({ offset: 0 });
  });

  it('is forgotten when nobody used it for cursorSeconds, and kept while somebody does', async () => {
    const world = createWorld({ limits: { cursorSeconds: 10 }, channels: { a: { history: { ttl: '1h' } } } });
    const first = await world.join('ada', 'a', worker);
    await world.advance(60_000);
    first.drop();
    await published(world, 1);
    await world.advance(4000);
    const second = await world.join('ada', 'a', worker);
    expect(second.offsets()).toEqual([1]);
    second.drop();
    await world.advance(11_000);
    expect((await world.join('ada', 'a', worker)).offsets()).toEqual([]);
  });
});
