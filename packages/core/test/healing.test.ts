import { describe, expect, it } from 'vitest';
import { createWorld } from './support/world.ts';

describe('a lost wake-up', () => {
  it('heals with the next publication, in order', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    world.broker.loses = (offset) => offset === 2 || offset === 3;
    for (let n = 1; n <= 4; n += 1) await world.publish('a', n);
    await world.settle();
    expect(client.offsets()).toEqual([1, 2, 3, 4]);
    expect(world.core.metrics).toMatchObject({ healed: 3, resets: 0 });
  });

  it('heals by itself within a position check when nothing follows it', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    world.broker.loses = (offset) => offset === 2;
    await world.publish('a', 1);
    await world.publish('a', 2);
    await world.settle();
    expect(client.offsets()).toEqual([1]);
    await world.advance(30_250);
    expect(client.offsets()).toEqual([1, 2]);
    expect(world.core.metrics).toMatchObject({ healed: 1, resets: 0 });
  });

  it('heals with the position check after one that could not be made', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    world.broker.loses = (offset) => offset === 1;
    await world.publish('a', 1);
    world.broker.failingReads = 1;
    await world.advance(30_250);
    expect(client.offsets()).toEqual([]);
    await world.advance(30_250);
    expect(client.offsets()).toEqual([1]);
  });

  it('heals over several pages', async () => {
    const world = createWorld({ limits: { historyPage: 2 } });
    const client = await world.join('ada', 'a');
    world.broker.loses = (offset = 0) => offset > 1 && offset < 8;
    for (let n = 1; n <= 8; n += 1) await world.publish('a', n);
    await world.settle();
    expect(client.offsets()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('heals though publications go on meanwhile, whenever they come', async () => {
    for (let turns = 0; turns < 24; turns += 1) {
      const world = createWorld();
      const client = await world.join('ada', 'a');
      world.broker.loses = (offset) => offset === 1;
      await world.publish('a', 1);
      // The wake-up of 2 begins the healing; 3 comes at one of its steps, and nothing comes after.
      const reads = world.broker.reads;
      void world.publish('a', 2);
      while (world.broker.reads === reads) await Promise.resolve();
      for (let i = 0; i < turns; i += 1) await Promise.resolve();
      void world.publish('a', 3);
      await world.settle();
      expect(client.offsets(), `after ${turns} microtasks`).toEqual([1, 2, 3]);
    }
  });

  it('heals after the log could not be read for a while', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    world.broker.loses = (offset) => offset === 1;
    world.broker.failingReads = 2;
    await world.publish('a', 1);
    await world.publish('a', 2);
    await world.settle();
    expect(client.offsets()).toEqual([]);
    await world.advance(1000);
    expect(client.offsets()).toEqual([1, 2]);
    expect(world.lines.filter(({ message }) => message.includes('could not be read'))).toHaveLength(2);
  });

  it('is not tried again once everyone has left', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    world.broker.loses = (offset) => offset === 1;
    world.broker.failingReads = 1;
    await world.publish('a', 1);
    const release = world.broker.hold();
    await world.publish('a', 2);
    client.drop();
    release();
    await world.settle();
    world.broker.close();
    await world.advance(250);
    expect(world.env.pending).toBe(0);
  });

  it('that the log no longer covers is told to every subscriber, who go on at the top', async () => {
    const world = createWorld({ channels: { a: { history: { size: 2 } } } });
    const clients = [await world.join('ada', 'a'), await world.join('bob', 'a')];
    world.broker.loses = (offset = 0) => offset < 5;
    for (let n = 1; n <= 5; n += 1) await world.publish('a', n);
    await world.settle();
    await world.publish('a', 6);
    for (const client of clients) {
      expect(client.frames.slice(2).map(({ type, position, offset }) => [type, position ?? offset])).toEqual([
        ['subscribed', expect.objectContaining({ offset: 5 })],
        ['message', 6],
      ]);
      expect(client.last('subscribed')).not.toHaveProperty('id');
      expect(client.last('subscribed')).toMatchObject({ recovered: false });
    }
    expect(world.core.metrics.resets).toBe(2);
  });
});

describe('a log that was lost', () => {
  it('is told to every subscriber with its new epoch', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    await world.publish('a', 1);
    await world.broker.wipe();
    await world.publish('a', 2);
    await world.settle();
    await world.publish('a', 3);
    const epoch = world.broker.appended[1]?.epoch;
    expect(epoch).not.toBe(world.broker.appended[0]?.epoch);
    expect(client.frames.slice(3)).toEqual([
      { type: 'subscribed', channel: 'a', position: { epoch, offset: 1 }, recovered: false },
      expect.objectContaining({ offset: 2, epoch, data: { n: 3 } }),
    ]);
  });

  it('does not let an old position recover', async () => {
    const world = createWorld();
    await world.publish('a', 1);
    await world.publish('a', 2);
    const { epoch, offset } = world.broker.appended[0] ?? { epoch: '', offset: 0 };
    await world.broker.wipe();
    await world.publish('a', 3);
    await world.publish('a', 4);
    const client = await world.join('ada', 'a', { since: { epoch, offset } });
    expect(client.last('subscribed')).toMatchObject({ recovered: false, position: { offset: 2 } });
    expect(client.offsets()).toEqual([]);
  });
});

describe('a channel that cannot be joined now', () => {
  it('is answered by unavailable, for everyone who waits, and can be joined later', async () => {
    const world = createWorld();
    world.broker.failingSubscribes = 1;
    const first = world.connect('ada');
    const second = world.connect('bob');
    first.send({ type: 'subscribe', channel: 'a', id: 1 });
    second.send({ type: 'subscribe', channel: 'a', id: 1 });
    await world.settle();
    for (const client of [first, second]) {
      expect(client.answers(1)).toEqual([
        expect.objectContaining({ type: 'error', code: 'unavailable', retry: true, channel: 'a' }),
      ]);
      expect(client.closedWith).toBeUndefined();
    }
    expect(world.core.channels()).toEqual([]);
    expect(world.lines.some(({ error }) => error instanceof Error)).toBe(true);
    first.send({ type: 'subscribe', channel: 'a', id: 2 });
    await world.settle();
    expect(first.answers(2)[0]).toMatchObject({ type: 'subscribed' });
  });

  it('is answered by unavailable when the log cannot be read, and left', async () => {
    const world = createWorld();
    world.broker.failingReads = 1;
    const client = await world.join('ada', 'a', { id: 1 });
    expect(client.answers(1)).toEqual([
      expect.objectContaining({ code: 'unavailable', retry: true, channel: 'a' }),
    ]);
    expect(world.core.metrics).toMatchObject({ subscriptions: 0, channels: 0 });
    expect(world.broker.subscribers).toBe(0);
  });

  it('lets go of the broker when the only one who wanted it is gone before it answers', async () => {
    const world = createWorld();
    const release = world.broker.hold();
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a' });
    await world.settle();
    client.drop();
    expect(world.core.channels()).toEqual([]);
    release();
    await world.settle();
    expect(world.broker.subscribers).toBe(0);
  });
});
