import { type Codec, jsonCodec } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import type { TestClient } from './support/client.ts';
import { createWorld, type World } from './support/world.ts';

/** Counts how often each publication is encoded. */
function countingCodec(): Codec & { readonly encoded: Map<unknown, number> } {
  const encoded = new Map<unknown, number>();
  return {
    ...jsonCodec,
    encoded,
    encode(frame) {
      const { offset, timestamp } = frame as { readonly offset?: number; readonly timestamp?: number };
      if (timestamp !== undefined) encoded.set(offset, (encoded.get(offset) ?? 0) + 1);
      return jsonCodec.encode(frame);
    },
  };
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

async function publish(world: World, first: number, last: number): Promise<string> {
  for (const n of range(first, last)) await world.publish('a', n);
  return world.broker.appended.at(-1)?.epoch ?? '';
}

/** All of them come in one moment. */
async function comeBack(
  world: World,
  count: number,
  since: (index: number) => object,
  codec: Codec = jsonCodec,
): Promise<TestClient[]> {
  const clients = range(1, count).map((n) => world.connect(`u${n}`, { codec }));
  for (const [index, client] of clients.entries())
    client.send({ type: 'subscribe', channel: 'a', since: since(index), id: 1 });
  await world.settle();
  return clients;
}

describe('many who come back at once', () => {
  it('cost one reading of what they missed, one encoding each, and one write for all of it', async () => {
    const world = createWorld();
    const epoch = await publish(world, 1, 120);
    const codec = countingCodec();
    const clients = await comeBack(world, 200, () => ({ epoch, offset: 20 }), codec);
    for (const client of clients) {
      expect(client.last('subscribed')).toMatchObject({
        recovered: true,
        position: { epoch, offset: 20 },
        id: 1,
      });
      expect(client.offsets()).toEqual(range(21, 120));
      // welcome, subscribed, and the hundred.
      expect(client.writes).toBe(3);
    }
    const { metrics } = world.core;
    expect(metrics).toMatchObject({ pagesRead: 1, recovered: 200, framesOut: 200 * 102 });
    expect(metrics.pagesShared).toBe(199);
    // The page is weighed in JSON before anybody's codec is known; each codec then encodes once.
    expect([...codec.encoded.values()]).toEqual(range(21, 120).map(() => 1));
  });

  it('share it from whatever place each of them stood at', async () => {
    const world = createWorld();
    const epoch = await publish(world, 1, 100);
    const codec = countingCodec();
    const clients = await comeBack(world, 100, (index) => ({ epoch, offset: (index * 37) % 100 }), codec);
    for (const [index, client] of clients.entries())
      expect(client.offsets()).toEqual(range(((index * 37) % 100) + 1, 100));
    expect(Math.max(...codec.encoded.values())).toBe(1);
    expect(world.core.metrics.pagesRead).toBe(1);
  });

  it('are served from what the live subscribers were sent', async () => {
    const world = createWorld();
    const codec = countingCodec();
    await publish(world, 1, 1);
    const live = world.connect('live', { codec });
    live.send({ type: 'subscribe', channel: 'a' });
    await world.settle();
    const epoch = await publish(world, 2, 50);
    const clients = await comeBack(world, 20, () => ({ epoch, offset: 10 }), codec);
    for (const client of clients) expect(client.offsets()).toEqual(range(11, 50));
    expect(world.core.metrics).toMatchObject({ pagesRead: 0, pagesShared: 20 });
    expect(Math.max(...codec.encoded.values())).toBe(1);
  });

  it('share the newest few as well', async () => {
    const world = createWorld({ channels: { a: { history: { size: 30 } } } });
    await publish(world, 1, 100);
    const clients = await comeBack(world, 20, () => ({ last: 50 }));
    for (const client of clients) expect(client.offsets()).toEqual(range(71, 100));
    expect(world.core.metrics.pagesRead).toBe(1);
  });

  it('wait for one reading where the log is slow, and none of them stands behind what was published meanwhile', async () => {
    const world = createWorld();
    const epoch = await publish(world, 1, 10);
    world.broker.reads = 0;
    const release = world.broker.hold();
    const clients = await comeBack(world, 50, () => ({ epoch, offset: 0 }));
    release();
    await world.settle();
    await publish(world, 11, 12);
    await world.settle();
    for (const client of clients) expect(client.offsets()).toEqual(range(1, 12));
    expect(world.core.metrics.pagesRead).toBe(1);
    expect(world.broker.reads).toBeLessThan(5);
  });
});

describe('what is kept for those who come back', () => {
  it('is no older than their coming: a wake-up that was lost before is noticed', async () => {
    const world = createWorld();
    await world.join('live', 'a');
    const epoch = await publish(world, 1, 10);
    world.broker.loses = () => true;
    await publish(world, 11, 11);
    world.broker.loses = () => false;
    const [client] = await comeBack(world, 1, () => ({ epoch, offset: 5 }));
    expect(client?.last('subscribed')).toMatchObject({ recovered: true });
    expect(client?.offsets()).toEqual(range(6, 11));
  });

  it('is of one log: after it is lost, nothing recovers from what was kept of it', async () => {
    const world = createWorld();
    await world.join('live', 'a');
    const epoch = await publish(world, 1, 10);
    await world.broker.wipe();
    const [client] = await comeBack(world, 1, () => ({ epoch, offset: 5 }));
    expect(client?.last('subscribed')).toMatchObject({ recovered: false, position: { offset: 0 } });
    expect(client?.offsets()).toEqual([]);
    expect(world.core.metrics.unrecovered).toBe(1);
  });

  it('is not served when the log itself has let go of it', async () => {
    const world = createWorld({ channels: { a: { history: { ttl: '1s' } } } });
    await world.join('live', 'a');
    const epoch = await publish(world, 1, 10);
    await world.advance(2000);
    const [client] = await comeBack(world, 1, () => ({ epoch, offset: 5 }));
    expect(client?.last('subscribed')).toMatchObject({ recovered: false, position: { offset: 10 } });
    expect(client?.offsets()).toEqual([]);
  });

  it('is let go of when nobody came for it in a while', async () => {
    const world = createWorld({ limits: { positionCheckSeconds: 10 } });
    await world.join('live', 'a');
    const epoch = await publish(world, 1, 10);
    await comeBack(world, 1, () => ({ epoch, offset: 5 }));
    expect(world.core.metrics.pagesRead).toBe(0);
    await world.advance(11_000);
    await comeBack(world, 1, () => ({ epoch, offset: 5 }));
    expect(world.core.metrics.pagesRead).toBe(0);
    await world.advance(21_000);
    await comeBack(world, 1, () => ({ epoch, offset: 5 }));
    expect(world.core.metrics.pagesRead).toBe(1);
  });

  it('stays within its bound on a node, the channel that was fed longest ago giving way', async () => {
    const world = createWorld({ limits: { recentBytes: 2000 } });
    const { room } = (world.core as unknown as { node: { hub: { room: { bytes: number } } } }).node.hub;
    for (const channel of ['a', 'b', 'c']) await world.join('live', channel);
    for (const n of range(1, 50)) {
      for (const channel of ['a', 'b', 'c']) await world.publish(channel, n);
      expect(room.bytes).toBeLessThanOrEqual(2000);
    }
    expect(room.bytes).toBeGreaterThan(1000);
    const { epoch = '' } = world.broker.appended[0] ?? {};
    const [client] = await comeBack(world, 1, () => ({ epoch, offset: 0 }));
    expect(client?.offsets()).toEqual(range(1, 50));
  });

  it('is nothing where it has no room, and recovery is what it was', async () => {
    const world = createWorld({ limits: { recentBytes: 1 } });
    const epoch = await publish(world, 1, 50);
    const clients = await comeBack(world, 5, () => ({ epoch, offset: 10 }));
    for (const client of clients) expect(client.offsets()).toEqual(range(11, 50));
    // Who comes while the same is being read shares the next reading all the same.
    expect(world.core.metrics).toMatchObject({ pagesRead: 3, pagesShared: 0 });
  });
});
