import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestClient } from './support/client.ts';
import { checkAsync } from './support/random.ts';
import { createWorld, type World } from './support/world.ts';

const history = { size: 1000, ttl: '1h' } as const;
const channels = { '{name*}': { history, presence: true } };

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function published(world: World, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) await world.publish('a', n);
}

async function confirm(world: World, client: TestClient, offset: number): Promise<void> {
  client.send({ type: 'ack', channel: 'a', offset });
  await world.settle();
}

describe('the window of an acknowledged subscription', () => {
  it('bounds what is sent and unconfirmed, and goes on from the log without a hole', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 4 } });
    const client = await world.join('ada', 'a', { ack: true });
    const plain = await world.join('bob', 'a');
    await published(world, 20);
    expect(client.offsets()).toEqual([1, 2, 3, 4]);
    expect(plain.offsets()).toHaveLength(20);
    expect(world.core.metrics.paused).toBe(1);
    await confirm(world, client, 1);
    expect(client.offsets()).toEqual([1, 2, 3, 4]);
    await confirm(world, client, 2);
    expect(client.offsets()).toEqual([1, 2, 3, 4, 5, 6]);
    for (let n = 3; n <= 20; n += 1) await confirm(world, client, n);
    expect(client.offsets()).toEqual(range(1, 20));
    await world.publish('a', 21);
    expect(client.offsets().at(-1)).toBe(21);
    expect(client.all('subscribed')).toHaveLength(1);
  });

  it('bounds a recovery as well, and a window of one takes them one by one', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 1 } });
    await published(world, 5);
    const client = await world.join('ada', 'a', { ack: true, since: { last: 5 } });
    for (let n = 1; n <= 5; n += 1) {
      expect(client.offsets()).toEqual(range(1, n));
      await confirm(world, client, n);
    }
    expect(client.offsets()).toEqual(range(1, 5));
  });

  it('is full in bytes too, live and in a recovery, whatever their number', async () => {
    const world = createWorld({ channels, limits: { outboxBytes: 8000 } });
    const large = (n: number) => world.publishEvent('a', 'message', `${n}`.padEnd(1500, 'x'));
    const live = await world.join('ada', 'a', { ack: true });
    for (let n = 1; n <= 12; n += 1) await large(n);
    // The third makes it more than half of the outbox.
    expect(live.offsets()).toEqual([1, 2, 3]);
    const back = await world.join('bob', 'a', { ack: true, since: { last: 12 } });
    expect(back.offsets()).toEqual([1, 2]);
    for (let n = 1; n <= 12; n += 1) {
      await confirm(world, live, n);
      await confirm(world, back, n);
    }
    for (const client of [live, back]) {
      expect(client.offsets()).toEqual(range(1, 12));
      expect(client.closedWith).toBeUndefined();
    }
  });

  it('lets one through that is larger than all of it', async () => {
    const world = createWorld({ channels, limits: { outboxBytes: 2000 } });
    const epoch = ((await world.publish('a', 1)) as { position: { epoch: string } }).position.epoch;
    await world.publishEvent('a', 'message', 'x'.repeat(5000));
    await world.publish('a', 3);
    const client = await world.join('ada', 'a', { ack: true, since: { epoch, offset: 0 } });
    // Anything at all that is unconfirmed is less than all of it, so the large one goes, and stops the rest.
    expect(client.offsets()).toEqual([1, 2]);
    for (const n of [1, 2, 3]) await confirm(world, client, n);
    expect(client.offsets()).toEqual([1, 2, 3]);
  });

  it('holds nothing in memory for one that is paused but its window', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 2 } });
    await world.join('ada', 'a', { ack: true });
    await published(world, 500);
    expect(world.core.connections()[0]?.bufferedBytes).toBe(0);
    const { node } = world.core as unknown as {
      node: { hub: { channels: Map<string, { paused: Set<{ buffer: unknown; acks: { size: number } }> }> } };
    };
    const [paused] = [...(node.hub.channels.get('a')?.paused ?? [])];
    expect(paused?.buffer).toBeUndefined();
    expect(paused?.acks.size).toBe(2);
  });

  it('opens for dead letters too', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 2, redeliveries: 0 } });
    const client = await world.join('ada', 'a', { ack: true });
    await published(world, 5);
    await world.advance(5250);
    expect(client.offsets()).toEqual([1, 2, 3, 4]);
    await world.advance(5250);
    expect(client.offsets()).toEqual([1, 2, 3, 4, 5]);
  });

  it('tells one whose place the log has lost meanwhile that something is missing', async () => {
    const world = createWorld({ channels: { a: { history: { size: 3 } } }, limits: { ackWindow: 2 } });
    const client = await world.join('ada', 'a', { ack: true });
    await published(world, 10);
    await confirm(world, client, 2);
    expect(client.last('subscribed')).toEqual({
      type: 'subscribed',
      channel: 'a',
      position: { epoch: expect.any(String), offset: 10 },
      recovered: false,
    });
    expect(client.offsets()).toEqual([1, 2]);
    await world.publish('a', 11);
    expect(client.offsets()).toEqual([1, 2, 11]);
  });

  it('takes no confirmation of an old epoch for one of a new', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 2 } });
    const client = await world.join('ada', 'a', { ack: true });
    await published(world, 5);
    await world.broker.wipe();
    await published(world, 3);
    await confirm(world, client, 2);
    expect(client.last('subscribed')).toMatchObject({ position: { offset: 3 }, recovered: false });
    client.clear();
    await world.publish('a', 4);
    await world.advance(5250);
    expect(client.offsets()).toEqual([4, 4]);
  });

  it('tries again when the log cannot be read', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 2 } });
    const client = await world.join('ada', 'a', { ack: true });
    await published(world, 4);
    world.broker.failingReads = 2;
    await confirm(world, client, 2);
    expect(client.offsets()).toEqual([1, 2]);
    await world.advance(1000);
    expect(client.offsets()).toEqual([1, 2, 3, 4]);
  });

  it('lets presence through while paused, and leaves nothing behind at the end', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 1 } });
    const client = await world.join('ada', 'a', { ack: true, presence: true });
    await published(world, 3);
    const other = await world.join('bob', 'a');
    expect(client.last('joined')).toMatchObject({ member: { userId: 'bob' } });
    client.send({ type: 'unsubscribe', channel: 'a' });
    other.drop();
    await world.settle();
    expect(world.core.channels()).toEqual([]);
    expect(world.broker.subscribers).toBe(0);
  });

  it('is gone with ack: the stream goes on unbroken', async () => {
    const world = createWorld({ channels, limits: { ackWindow: 2 } });
    const client = await world.join('ada', 'a', { ack: true });
    await published(world, 6);
    client.send({ type: 'subscribe', channel: 'a', id: 1 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({ position: { offset: 2 } });
    expect(client.offsets()).toEqual(range(1, 6));
  });

  it(
    'gives every publication once and in order, whatever is lost, late and confirmed when',
    { timeout: 30_000 },
    async () => {
      const step = fc.oneof(
        fc.constant('publish' as const),
        fc.constant('confirm' as const),
        fc.constant('lose' as const),
        fc.constant('time' as const),
        fc.constant('drop' as const),
      );
      const run = async ([steps, ackWindow]: [string[], number]): Promise<void> => {
        const world = createWorld({
          channels,
          limits: { ackWindow, historyPage: 3, positionCheckSeconds: 1, redeliverySeconds: 1e6 },
        });
        const named = { ack: true, name: 'w' };
        let client = await world.join('ada', 'a', named);
        let n = 0;
        let confirmed = 0;
        for (const each of [...steps, 'time']) {
          world.broker.loses = () => each === 'lose';
          if (each === 'publish' || each === 'lose') await world.publish('a', (n += 1));
          else if (each === 'time') await world.advance(2000);
          else if (each === 'confirm') {
            confirmed = Math.max(confirmed, Number(client.offsets().at(-1) ?? 0));
            client.send({ type: 'ack', channel: 'a', offset: confirmed });
          } else {
            client.drop();
            client = await world.join('ada', 'a', named);
            expect(client.last('subscribed')).toMatchObject({
              position: { offset: confirmed },
              recovered: true,
            });
          }
          await world.settle();
          const offsets = client.offsets();
          expect(offsets).toEqual(
            range(Number(offsets[0] ?? 1), Number(offsets[0] ?? 1) + offsets.length - 1),
          );
          expect(Number(offsets.at(-1) ?? 0) - confirmed).toBeLessThanOrEqual(ackWindow);
        }
        while (confirmed < n) {
          confirmed = Number(client.offsets().at(-1));
          await confirm(world, client, confirmed);
          await world.advance(2000);
        }
        expect(client.offsets().at(-1) ?? n).toBe(n);
      };
      const scenes = fc.tuple(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }));
      await checkAsync(scenes, (scene) => run(scene as [string[], number]), 60);
    },
  );
});
