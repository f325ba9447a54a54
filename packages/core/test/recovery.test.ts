import { describe, expect, it } from 'vitest';
import { createWorld, type World } from './support/world.ts';

/** Publishes 1 to `count` in channel `a` and gives the epoch. */
async function fill(world: World, count: number): Promise<string> {
  for (let n = 1; n <= count; n += 1) await world.publish('a', n);
  return world.broker.appended[0]?.epoch ?? '';
}

describe('subscribe', () => {
  it('without since begins at the top', async () => {
    const world = createWorld();
    const epoch = await fill(world, 3);
    const client = await world.join('ada', 'a', { id: 1 });
    await world.publish('a', 4);
    expect(client.frames.slice(1)).toEqual([
      { type: 'subscribed', channel: 'a', position: { epoch, offset: 3 }, recovered: false, id: 1 },
      expect.objectContaining({ type: 'message', offset: 4, epoch, data: { n: 4 } }),
    ]);
  });

  it.each<[string, unknown, boolean, number, number[]]>([
    ['a position inside', { offset: 2 }, true, 2, [3, 4, 5]],
    ['the top', { offset: 5 }, true, 5, []],
    ['before the first', { offset: 0 }, true, 0, [1, 2, 3, 4, 5]],
    ['a position in the future', { offset: 9 }, false, 5, []],
    ['another epoch', { epoch: 'other', offset: 2 }, false, 5, []],
    ['the latest', 'latest', false, 4, [5]],
    ['the newest two', { last: 2 }, false, 3, [4, 5]],
    ['the newest none', { last: 0 }, false, 5, []],
    ['more than there is', { last: 50 }, false, 0, [1, 2, 3, 4, 5]],
  ])('since %s', async (_, since, recovered, offset, missed) => {
    const world = createWorld();
    const epoch = await fill(world, 5);
    const asked =
      typeof since === 'object' && since !== null && 'offset' in since ? { epoch, ...since } : since;
    const client = await world.join('ada', 'a', { since: asked });
    expect(client.last('subscribed')).toMatchObject({ recovered, position: { epoch, offset } });
    expect(client.offsets()).toEqual(missed);
    await world.publish('a', 6);
    expect(client.offsets()).toEqual([...missed, 6]);
  });

  it('says honestly that a position is no longer kept', async () => {
    const world = createWorld({ channels: { a: { history: { size: 3 } } } });
    const epoch = await fill(world, 6);
    const late = await world.join('ada', 'a', { since: { epoch, offset: 2 } });
    expect(late.last('subscribed')).toMatchObject({ recovered: false, position: { epoch, offset: 6 } });
    expect(late.offsets()).toEqual([]);
    const inTime = await world.join('ada', 'a', { since: { epoch, offset: 3 } });
    expect(inTime.last('subscribed')).toMatchObject({ recovered: true });
    expect(inTime.offsets()).toEqual([4, 5, 6]);
  });

  it('says honestly that too much lies between', async () => {
    const world = createWorld({ limits: { historyPage: 3 } });
    const epoch = await fill(world, 5);
    expect((await world.join('ada', 'a', { since: { epoch, offset: 1 } })).last('subscribed')).toMatchObject({
      recovered: false,
    });
    expect((await world.join('ada', 'a', { since: { epoch, offset: 2 } })).offsets()).toEqual([3, 4, 5]);
  });

  it('in an ephemeral channel has no position and replays nothing', async () => {
    const world = createWorld({ channels: { a: { tier: 'ephemeral' } } });
    await world.publish('a', 1);
    const client = await world.join('ada', 'a', { since: 'latest' });
    expect(client.last('subscribed')).toEqual({ type: 'subscribed', channel: 'a', recovered: false });
    await world.publish('a', 2);
    expect(client.publications().map(({ data }) => data)).toEqual([{ n: 2 }]);
    expect(client.publications()[0]).not.toHaveProperty('offset');
  });

  it('again without since goes on unbroken, from the current position', async () => {
    const world = createWorld();
    await fill(world, 2);
    const client = await world.join('ada', 'a');
    await world.publish('a', 3);
    client.send({ type: 'subscribe', channel: 'a', id: 2 });
    await world.settle();
    await world.publish('a', 4);
    expect(client.answers(2)[0]).toMatchObject({ position: { offset: 3 }, recovered: false });
    expect(client.offsets()).toEqual([3, 4]);
    expect(world.core.metrics.subscriptions).toBe(1);
  });

  it('again with since recovers from there, and then goes on', async () => {
    const world = createWorld();
    const epoch = await fill(world, 4);
    const client = await world.join('ada', 'a');
    client.send({ type: 'subscribe', channel: 'a', since: { epoch, offset: 2 } });
    await world.settle();
    await world.publish('a', 5);
    expect(client.offsets()).toEqual([3, 4, 5]);
  });
});

describe('a publish that meets a join', () => {
  it.each(Array.from({ length: 16 }, (_, turns) => turns))(
    'after %d microtasks is neither lost nor doubled',
    async (turns) => {
      const world = createWorld();
      const epoch = await fill(world, 3);
      const live = await world.join('bob', 'a');
      const client = world.connect('ada');
      client.send({ type: 'subscribe', channel: 'a', since: { epoch, offset: 1 } });
      for (let i = 0; i < turns; i += 1) await Promise.resolve();
      void world.publish('a', 4);
      for (let i = 0; i < turns; i += 1) await Promise.resolve();
      void world.publish('a', 5);
      await world.settle();
      expect(client.offsets()).toEqual([2, 3, 4, 5]);
      expect(live.offsets()).toEqual([4, 5]);
    },
  );

  it('while the log answers slowly is buffered', async () => {
    const world = createWorld();
    const epoch = await fill(world, 2);
    const client = await world.join('ada', 'a');
    const release = world.broker.hold();
    const late = world.connect('bob');
    late.send({ type: 'subscribe', channel: 'a', since: { epoch, offset: 0 } });
    await world.settle();
    for (let n = 3; n <= 5; n += 1) await world.publish('a', n);
    release();
    await world.settle();
    expect(late.offsets()).toEqual([1, 2, 3, 4, 5]);
    expect(client.offsets()).toEqual([3, 4, 5]);
  });

  it('many times over does not grow the buffer without bound, nor lose anything', async () => {
    const world = createWorld({ limits: { historyPage: 20 }, channels: { a: { history: { size: 1000 } } } });
    const epoch = await fill(world, 1);
    await world.join('bob', 'a');
    const release = world.broker.hold();
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a' });
    await world.settle();
    for (let n = 2; n <= 200; n += 1) await world.publish('a', n);
    release();
    await world.settle();
    await world.publish('a', 201);
    const begun = client.last('subscribed')?.['position'] as { readonly offset: number };
    expect(begun).toMatchObject({ epoch });
    expect(client.offsets()[0] ?? 201).toBe(begun.offset + 1);
    expect(client.offsets().at(-1)).toBe(201);
  });

  it('when this node hears of publications late does not keep a subscriber out', async () => {
    const world = createWorld();
    await fill(world, 1);
    const live = await world.join('bob', 'a');
    const notify = world.broker.delay();
    for (let n = 2; n <= 4; n += 1) await world.publish('a', n);
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a' });
    // The log runs ahead of the notifications at every reading.
    for (let n = 5; n <= 60; n += 1) {
      await Promise.resolve();
      void world.publish('a', n);
    }
    await world.settle();
    notify();
    await world.settle();
    expect(client.all('error')).toEqual([]);
    const begun = client.last('subscribed')?.['position'] as { readonly offset: number };
    expect(client.offsets()).toEqual(
      Array.from({ length: 60 - begun.offset }, (_, i) => begun.offset + 1 + i),
    );
    expect(live.offsets()).toEqual(Array.from({ length: 59 }, (_, i) => i + 2));
  });
});
