import { defaultLimits, jsonCodec } from '@thrum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lane } from '../src/connection/lane.ts';
import { Outbox } from '../src/connection/outbox.ts';
import { createMetrics } from '../src/ports/metrics.ts';
import type { Transport, WireForm } from '../src/index.ts';
import { check } from './support/random.ts';
import { createWorld } from './support/world.ts';

/** A transport whose network the test moves, and what became of each message. */
function createPipe(limits: Partial<typeof defaultLimits>) {
  const sent: WireForm[] = [];
  const told: { readonly channel: string; readonly dropped: number }[] = [];
  const pipe = { bufferedBytes: 0, onSend: (): void => {} };
  const transport: Transport = {
    kind: 'memory',
    codec: jsonCodec,
    get bufferedBytes() {
      return pipe.bufferedBytes;
    },
    send(message: WireForm) {
      sent.push(message);
      pipe.bufferedBytes += message.byteLength;
      pipe.onSend();
    },
    close: () => {},
  };
  const parts = { limits: { ...defaultLimits, ...limits }, metrics: createMetrics() };
  const outbox = new Outbox(transport, parts, {
    fellBehind: (channel, dropped) => void told.push({ channel, dropped }),
  });
  return {
    outbox,
    sent,
    told,
    pipe,
    push: (message: WireForm) => outbox.pass(message) || outbox.wait(message),
  };
}

describe('an outbox', { timeout: 30_000 }, () => {
  it('keeps the order of what it took and never holds more than its bounds, whatever the network does', () => {
    const steps = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 60_000 }).map((bytes) => ({ push: bytes })),
        fc.constant('drain' as const),
      ),
      { maxLength: 60 },
    );
    check(steps, (sequence) => {
      const { outbox, sent, pipe, push } = createPipe({ outboxBytes: 200_000, outboxFrames: 100 });
      const taken: number[] = [];
      for (const step of sequence) {
        if (step === 'drain') {
          pipe.bufferedBytes = 0;
          outbox.drained();
        } else if (push(new Uint8Array(step.push))) taken.push(step.push);
        expect(outbox.bytes).toBeLessThanOrEqual(200_000);
      }
      while (sent.length < taken.length) {
        pipe.bufferedBytes = 0;
        outbox.drained();
      }
      expect(sent.map(({ byteLength }) => byteLength)).toEqual(taken);
      expect(outbox.bytes).toBe(pipe.bufferedBytes);
    });
  });

  it('stops when the transport ends under its hands', () => {
    const { outbox, sent, pipe, push } = createPipe({});
    pipe.bufferedBytes = 100_000;
    pipe.onSend = () => outbox.clear();
    // Each more than is handed over in one piece.
    for (let i = 0; i < 3; i += 1) push(new Uint8Array(70_000));
    pipe.bufferedBytes = 0;
    outbox.drained();
    expect(sent).toHaveLength(1);
    expect(outbox.bytes).toBe(pipe.bufferedBytes);
  });

  it('holds nothing and tells what it left out when it is cleared', () => {
    const { outbox, told, pipe } = createPipe({ outboxFrames: 2 });
    pipe.bufferedBytes = 100_000;
    const lane = new Lane('a');
    for (let n = 0; n < 5; n += 1)
      outbox.wait(new Uint8Array(10), { lane, key: `${n}`, placed: true, count: 1 });
    expect(outbox.bytes).toBe(100_020);
    outbox.clear();
    expect(outbox.bytes).toBe(100_000);
    expect(lane).toMatchObject({ oldest: undefined, newest: undefined, bytes: 0, dropped: 0 });
    expect(told).toEqual([{ channel: 'a', dropped: 3 }]);
  });
});

describe('a connection that reads slowly', () => {
  const big = 'x'.repeat(30_000);

  it('gets everything in order once it reads again', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    client.stuck = true;
    for (let n = 1; n <= 20; n += 1) await world.publishEvent('a', 'message', { n, big });
    expect(client.offsets().length).toBeLessThan(20);
    expect(world.core.connections()[0]?.bufferedBytes).toBeGreaterThan(500_000);
    while (client.offsets().length < 20) client.sip();
    client.flow();
    expect(client.offsets()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(world.core.connections()[0]?.bufferedBytes).toBe(0);
    await world.publish('a', 21);
    expect(client.offsets().at(-1)).toBe(21);
  });

  it('beyond the cap gets an error and 4008, its memory is freed, the others notice nothing, and it can resume', async () => {
    const world = createWorld({ limits: { outboxBytes: 200_000 } });
    const slow = await world.join('ada', 'a');
    const quick = await world.join('bob', 'a');
    slow.stuck = true;
    for (let n = 1; n <= 20; n += 1) await world.publishEvent('a', 'message', { n, big });
    expect(slow.closedWith).toEqual({ code: 4008, reason: 'Slow consumer' });
    expect(slow.frames.at(-1)).toMatchObject({ type: 'error', code: 'slow_consumer', retry: true });
    expect(quick.offsets()).toHaveLength(20);
    await world.settle();
    expect(world.core.connections().map(({ userId }) => userId)).toEqual(['bob']);
    expect(world.core.metrics.slowConsumers).toBe(1);
    const reached = slow.publications().at(-1);
    const again = await world.join('ada', 'a', {
      since: { epoch: reached?.['epoch'], offset: reached?.['offset'] },
    });
    expect(again.last('subscribed')).toMatchObject({ recovered: true });
    expect([...slow.offsets(), ...again.offsets()]).toEqual(quick.offsets());
  });

  it('is closed by the number of frames as well', async () => {
    const world = createWorld({ limits: { outboxFrames: 10 } });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    client.bufferedBytes = 70_000;
    for (let n = 1; n <= 11; n += 1) await world.publish('a', n);
    expect(client.closedWith?.code).toBe(4008);
  });

  it('still gets a single message larger than its outbox while it reads', async () => {
    const world = createWorld({ limits: { outboxBytes: 1000 } });
    const client = await world.join('ada', 'a');
    await world.publishEvent('a', 'message', big);
    expect(client.offsets()).toEqual([1]);
    expect(client.closedWith).toBeUndefined();
  });

  it('that ends while it is sent what it missed leaves nothing behind', async () => {
    for (const closes of ['soon', 'at once'] as const) {
      const world = createWorld({ limits: { outboxBytes: 100_000 } });
      for (let n = 1; n <= 10; n += 1) await world.publishEvent('a', 'message', { n, big });
      const client = world.connect('ada', { closes });
      client.stuck = true;
      client.send({ type: 'subscribe', channel: 'a', since: { last: 10 } });
      await world.settle();
      expect(client.closedWith?.code).toBe(4008);
      expect(world.core.channels()).toEqual([]);
      expect(world.core.metrics).toMatchObject({ subscriptions: 0, channels: 0, connections: 0 });
      expect(world.broker.subscribers).toBe(0);
    }
  });
});

describe('a publication to many subscribers', () => {
  it('is encoded once for each codec, and its bytes are shared', async () => {
    let encodings = 0;
    const counting = (name: string) => ({
      ...jsonCodec,
      name,
      encode(frame: object) {
        encodings += 1;
        return jsonCodec.encode(frame);
      },
    });
    const codecs = [counting('one'), counting('two')];
    const world = createWorld();
    const clients = Array.from({ length: 50 }, (_, index) => {
      const client = world.connect(`u${index}`, { codec: codecs[index % 2] ?? jsonCodec });
      client.send({ type: 'subscribe', channel: 'a' });
      return client;
    });
    await world.settle();
    encodings = 0;
    await world.publish('a', 1);
    expect(encodings).toBe(2);
    for (const client of clients) expect(client.offsets()).toEqual([1]);
    expect(world.core.metrics).toMatchObject({ delivered: 50, published: 1 });
  });

  it('is not encoded when there is none', async () => {
    const world = createWorld();
    await world.publish('a', 1);
    expect(world.core.metrics).toMatchObject({ delivered: 0, published: 1, framesOut: 0 });
  });
});
