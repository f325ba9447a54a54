import { describe, expect, it } from 'vitest';
import { createWorld, type World } from './support/world.ts';

/** Publishes within one turn, without waiting for anything but the log. */
async function publishAll(world: World, channel: string, from: number, to: number): Promise<void> {
  const all = [];
  for (let n = from; n <= to; n += 1) all.push(world.core.publish(channel, 'message', { n }));
  await Promise.all(all);
}

describe('the publications of one turn of the event loop', () => {
  it('are written to a connection at once, in the order of the log', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    const { writes } = client;
    await publishAll(world, 'a', 1, 20);
    expect(client.offsets()).toEqual([]);
    await world.settle();
    expect(client.offsets()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(client.writes - writes).toBe(1);
  });

  it('reach a subscriber that came after the first of them once, by the answer or live', async () => {
    const world = createWorld();
    const first = await world.join('ada', 'a');
    await publishAll(world, 'a', 1, 3);
    const second = world.connect('bob');
    second.send({ type: 'subscribe', channel: 'a' });
    await publishAll(world, 'a', 4, 5);
    await world.settle();
    expect(first.offsets()).toEqual([1, 2, 3, 4, 5]);
    const subscribed = second.last('subscribed') as unknown as { position: { offset: number } };
    const { offset } = subscribed.position;
    expect(second.offsets()).toEqual([1, 2, 3, 4, 5].filter((each) => each > offset));
  });

  it('are there before the answer to a subscribe that is no new one says where the stream stands', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    await publishAll(world, 'a', 1, 2);
    client.send({ type: 'subscribe', channel: 'a' });
    await world.settle();
    expect(client.frames.slice(-3).map(({ type }) => type)).toEqual(['message', 'message', 'subscribed']);
    expect(client.last('subscribed')).toMatchObject({ position: { offset: 2 } });
  });

  it.each([
    ['an end of the subscription', (world: World) => world.core.unsubscribeUser('ada', 'a'), 'unsubscribed'],
    ['a goodbye', (world: World) => void world.core.drain(1000), 'reconnect'],
  ])('are not overtaken by %s', async (_, act, type) => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    await publishAll(world, 'a', 1, 2);
    act(world);
    await world.settle();
    expect(client.frames.slice(-3).map((frame) => frame.type)).toEqual(['message', 'message', type]);
  });

  it('are not overtaken by the end of the connection', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    await publishAll(world, 'a', 1, 2);
    world.core.disconnect('ada');
    expect(client.offsets()).toEqual([1, 2]);
    expect(client.closedWith).toBeDefined();
  });

  it('do not pile up to its end when they are many', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    await publishAll(world, 'a', 1, 1000);
    expect(client.offsets().length).toBeGreaterThan(700);
    await world.settle();
    expect(client.offsets()).toHaveLength(1000);
  });

  it('go as far as the window of one who confirms is open', async () => {
    const world = createWorld({ limits: { ackWindow: 3 } });
    const plain = await world.join('ada', 'a');
    const careful = await world.join('bob', 'a', { ack: true });
    await publishAll(world, 'a', 1, 5);
    await world.settle();
    expect(plain.offsets()).toEqual([1, 2, 3, 4, 5]);
    expect(careful.offsets()).toEqual([1, 2, 3]);
    careful.send({ type: 'ack', channel: 'a', offset: 3 });
    await world.settle();
    expect(careful.offsets()).toEqual([1, 2, 3, 4, 5]);
  });
});
