import { describe, expect, it } from 'vitest';
import type { World } from './support/world.ts';
import { createWorld } from './support/world.ts';

/** What was logged about the broker, without the rest. */
function told({ lines }: World): readonly string[] {
  return lines.filter(({ message }) => message.includes('broker')).map(({ message }) => message);
}

async function publish(world: World, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await world.publish('a', n).catch(() => undefined);
}

const failure = 'the broker refused a publication';

describe('a broker that refuses', () => {
  it('is logged once, then counted every 10 seconds, and once more when it works again', async () => {
    const world = createWorld();
    world.broker.failingPublishes = Infinity;
    await publish(world, 5000);
    expect(told(world)).toEqual([failure]);
    await world.advance(10_000);
    expect(told(world)).toEqual([failure, `${failure}: 4999 more in the last 10 s`]);
    await publish(world, 3);
    await world.advance(10_000);
    expect(told(world).at(-1)).toBe(`${failure}: 3 more in the last 10 s`);
    world.broker.failingPublishes = 0;
    await publish(world, 100);
    expect(told(world)).toHaveLength(3);
    await world.advance(10_000);
    await publish(world, 100);
    await world.advance(60_000);
    expect(told(world).slice(3)).toEqual(['the broker takes publications again']);
  });

  it('is not said to work while it fails now and then', async () => {
    const world = createWorld();
    for (let round = 0; round < 5; round += 1) {
      world.broker.failingPublishes = 2;
      await publish(world, 10);
      await world.advance(10_000);
    }
    expect(told(world)).toEqual([
      failure,
      `${failure}: 1 more in the last 10 s`,
      ...Array.from({ length: 4 }, () => `${failure}: 2 more in the last 10 s`),
    ]);
    await world.advance(10_000);
    expect(told(world).at(-1)).toBe('the broker takes publications again');
  });

  it('is said to work at once by the first who tries after a quiet time', async () => {
    const world = createWorld();
    world.broker.failingPublishes = 1;
    await publish(world, 1);
    await world.advance(60_000);
    expect(world.env.pending).toBe(0);
    await publish(world, 1);
    expect(told(world)).toEqual([failure, 'the broker takes publications again']);
  });

  it('says what it has not told yet when the node closes', async () => {
    const world = createWorld();
    world.broker.failingPublishes = Infinity;
    await publish(world, 8);
    await world.core.close();
    expect(told(world)).toEqual([failure, `${failure}: 7 more in the last 10 s`]);
    expect(world.env.pending).toBe(0);
  });

  it('does not make a line for each reader who is sent away either', async () => {
    const world = createWorld();
    world.broker.failingReads = Infinity;
    const client = world.connect('ada');
    for (let id = 0; id < 50; id += 1) client.send({ type: 'history', channel: 'a', id });
    await world.settle();
    expect(client.all('error')).toHaveLength(50);
    expect(world.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('the answer to a publish that the broker refused', () => {
  const refuse = async (failure: object, type: string): Promise<Record<string, unknown> | undefined> => {
    const world = createWorld();
    const fail = (): never => {
      throw Object.assign(new Error('secret'), failure);
    };
    Object.assign(world.broker, { publish: async () => fail(), read: async () => fail() });
    const client = world.connect('ada');
    client.send({ type, channel: 'a', data: 1, id: 'x', since: { epoch: 'e', offset: 0 } });
    await world.settle();
    return client.last('error');
  };

  it.each(['message', 'history', 'subscribe'])(
    '%s: says when to try again, where it is known',
    async (type) => {
      const error = await refuse({ retryable: true, after: 10_000 }, type);
      expect(error).toMatchObject({ code: 'unavailable', retry: true, id: 'x' });
      expect(error?.['after']).toBeGreaterThanOrEqual(7500);
      expect(error?.['after']).toBeLessThanOrEqual(12_500);
      expect(JSON.stringify(error)).not.toContain('secret');
    },
  );

  it.each(['message', 'history', 'subscribe'])(
    '%s: says that it is no use, where that is known',
    async (type) => {
      const error = await refuse({ retryable: false, after: 10_000 }, type);
      expect(error).toMatchObject({ code: 'unavailable', retry: false });
      expect(error).not.toHaveProperty('after');
    },
  );

  it('has no hint where nothing is known', async () => {
    const error = await refuse({}, 'message');
    expect(error).toMatchObject({ code: 'unavailable', retry: true });
    expect(error).not.toHaveProperty('after');
  });
});
