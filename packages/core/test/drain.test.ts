import { describe, expect, it } from 'vitest';
import { createWorld, type World } from './support/world.ts';

function crowd(world: World, count: number) {
  return Array.from({ length: count }, (_, index) => world.connect(`u${index}`));
}

describe('drain', () => {
  it('tells everyone their own moment, spread over the window, and closes them then with 1012', async () => {
    const world = createWorld();
    const clients = crowd(world, 2000);
    const drained = world.core.drain(30_000);
    const moments = clients.map((client) => Number(client.last('reconnect')?.['after']));
    expect(clients[0]?.last('reconnect')).toMatchObject({ reason: 'Service restart' });
    const quarters = [0, 0, 0, 0];
    for (const moment of moments) quarters[Math.min(3, Math.floor(moment / 1000))]! += 1;
    for (const quarter of quarters) expect(quarter).toBeGreaterThan(300);
    await world.advance(2000);
    const closed = clients.filter(({ closedWith }) => closedWith !== undefined);
    expect(closed.length).toBeGreaterThan(700);
    expect(closed.length).toBeLessThan(1300);
    await world.advance(3000);
    await drained;
    for (const { closedWith } of clients)
      expect(closedWith).toEqual({ code: 1012, reason: 'Service restart' });
    expect(world.core.connections()).toEqual([]);
  });

  it('resolves at once without connections, and soon with few', async () => {
    await createWorld().core.drain(30_000);
    const world = createWorld();
    crowd(world, 3);
    const drained = world.core.drain(30_000);
    await world.advance(300);
    await drained;
    expect(world.core.connections()).toEqual([]);
  });

  it('resolves when the time is over, though somebody does not go', async () => {
    const world = createWorld();
    const stubborn = world.connect('ada', { closes: 'never' });
    const drained = world.core.drain(1000);
    await world.advance(1050);
    await drained;
    expect(stubborn.closedWith?.code).toBe(1012);
  });

  it('turns newcomers away with 1012', () => {
    const world = createWorld();
    void world.core.drain(1000);
    const late = world.connect('ada');
    expect(late.closedWith).toEqual({ code: 1012, reason: 'Service restart' });
    expect(late.all('welcome')).toEqual([]);
  });

  it('lets everyone publish until they go', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    void world.core.drain(30_000);
    client.send({ type: 'message', channel: 'a', data: 1, id: 1 });
    await world.settle();
    expect(client.last('ack')).toMatchObject({ id: 1 });
  });
});

describe('close', () => {
  it('closes everyone with 1001 and leaves nothing scheduled', async () => {
    const world = createWorld({ channels: { a: { presence: true } } });
    const clients = [await world.join('ada', 'a', { ack: true, presence: true }), world.connect(undefined)];
    await world.publish('a', 1);
    const dropped = await world.join('bob', 'a');
    dropped.drop();
    await world.core.close();
    world.broker.close();
    for (const { closedWith } of clients) expect(closedWith).toEqual({ code: 1001, reason: 'Going away' });
    await world.settle();
    expect(world.env.pending).toBe(0);
    expect(world.core.channels()).toEqual([]);
  });

  it('leaves nothing scheduled by those who come too late', async () => {
    const world = createWorld();
    await world.core.close();
    world.connect('ada');
    world.connect(undefined);
    expect(world.env.pending).toBe(0);
  });

  it('leaves nothing scheduled when a join, a healing and a validation were under way', async () => {
    const world = createWorld({
      auth: { authenticate: (token) => ({ userId: token }), validate: () => new Promise(() => {}) },
    });
    await world.join('ada', 'a');
    world.broker.loses = (offset) => offset === 1;
    await world.publish('a', 1);
    const release = world.broker.hold();
    world.broker.failingReads = 5;
    await world.publish('a', 2);
    world.connect('bob').send({ type: 'subscribe', channel: 'b' });
    await world.advance(300_250);
    await world.core.close();
    release();
    await world.settle();
    world.broker.close();
    expect(world.env.pending).toBe(0);
    expect(world.core.channels()).toEqual([]);
  });
});
