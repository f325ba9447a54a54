import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bucket } from '../src/limits/bucket.ts';
import { check } from './support/random.ts';
import { createWorld } from './support/world.ts';

describe('the rate limit', () => {
  it('never lets more through than the burst and the rate, and always at least the rate', () => {
    const rate = 10;
    check(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }), (gaps) => {
      const bucket = new Bucket();
      let now = 0;
      let allowed = 0;
      for (const gap of gaps) {
        now += gap;
        if (bucket.take(rate, 1000, now) === 'allow') allowed += 1;
      }
      expect(allowed).toBeLessThanOrEqual(rate * 2 + (now * rate) / 1000);
      expect(allowed).toBeGreaterThanOrEqual(Math.min(gaps.length, rate * 2));
    });
  });

  it('refuses with a hint that is true', async () => {
    const world = createWorld({ limits: { rate: 5 } });
    const client = world.connect('ada');
    for (let id = 1; id <= 11; id += 1) client.send({ type: 'ping', id });
    const error = client.last('error');
    expect(error).toMatchObject({ code: 'rate_limited', retry: true, after: 200, id: 11 });
    expect(client.all('pong')).toHaveLength(10);
    await world.advance(Number(error?.['after']));
    client.send({ type: 'ping', id: 12 });
    expect(client.last('pong')).toMatchObject({ id: 12 });
    expect(client.closedWith).toBeUndefined();
  });

  it('counts an ack for a tenth', () => {
    const world = createWorld({ limits: { rate: 5 } });
    const client = world.connect('ada');
    for (let offset = 1; offset <= 95; offset += 1) client.send({ type: 'ack', channel: 'a', offset });
    expect(client.all('error')).toEqual([]);
  });

  it.each([
    ['frames', '{"type":"ping"}'],
    ['what is not JSON', 'nonsense'],
    ['what is no frame', '[]'],
    ['frames of unknown type', '{"type":"none"}'],
  ])('closes a flood of %s', (_, message) => {
    const world = createWorld({ limits: { rate: 2, abuseFactor: 10 } });
    const client = world.connect('ada');
    for (let count = 0; count < 4 + 20; count += 1) client.raw(message);
    expect(client.closedWith).toBeUndefined();
    client.raw(message);
    expect(client.closedWith).toEqual({ code: 4029, reason: 'Rate limit exceeded' });
    expect(client.frames.at(-1)).toMatchObject({ type: 'error', code: 'abuse' });
    const { length } = client.frames;
    client.raw(message);
    expect(client.frames).toHaveLength(length);
  });
});

describe('the limit of channels', () => {
  it('refuses the one too many, and lets go when one is left', async () => {
    const world = createWorld({ limits: { channels: 2 } });
    const client = world.connect('ada');
    for (const channel of ['a', 'b', 'c']) client.send({ type: 'subscribe', channel, id: channel });
    await world.settle();
    expect(client.answers('c')[0]).toMatchObject({ code: 'channel_limit', retry: false, channel: 'c' });
    client.send({ type: 'subscribe', channel: 'a', id: 'again' });
    client.send({ type: 'unsubscribe', channel: 'b' });
    client.send({ type: 'subscribe', channel: 'c', id: 'c2' });
    await world.settle();
    expect(client.answers('again')[0]?.type).toBe('subscribed');
    expect(client.answers('c2')[0]?.type).toBe('subscribed');
  });
});

describe('the limit of connections', () => {
  it('turns the next one away with Server at capacity, after an error and without welcome', async () => {
    const world = createWorld({ limits: { connections: 2 } });
    const first = world.connect('ada');
    world.connect('bob');
    const third = world.connect('eve');
    expect(third.frames).toEqual([
      expect.objectContaining({ type: 'error', code: 'server_at_capacity', retry: true }),
    ]);
    expect(third.closedWith).toEqual({ code: 1008, reason: 'Server at capacity' });
    first.drop();
    await world.settle();
    expect(world.connect('eve').frames[0]?.type).toBe('welcome');
    expect(world.core.metrics).toMatchObject({ accepted: 3, refused: 1 });
  });
});

describe('appends that a stalled log does not answer', () => {
  it('are bounded: the next message is refused with a hint, and the others get their answer', async () => {
    const world = createWorld({ limits: { inboxFrames: 3 } });
    const client = world.connect('ada');
    const open = world.broker.holdPublishes();
    for (let id = 1; id <= 5; id += 1) {
      client.send({ type: 'message', channel: 'a', data: id, id });
      await world.settle();
    }
    expect(client.all('error').map(({ id }) => id)).toEqual([4, 5]);
    expect(client.last('error')).toMatchObject({ code: 'rate_limited', after: 1000, channel: 'a' });
    client.send({ type: 'call', method: 'none', id: 'still served' });
    await world.settle();
    expect(client.answers('still served')[0]).toMatchObject({ code: 'unknown_method' });
    open();
    await world.settle();
    expect(client.all('ack').map(({ id }) => id)).toEqual([1, 2, 3]);
    client.send({ type: 'message', channel: 'a', data: 6, id: 6 });
    await world.settle();
    expect(client.last('ack')).toMatchObject({ id: 6 });
  });

  it('are bounded in bytes, also after some have failed', async () => {
    const world = createWorld({ limits: { inboxBytes: 1000 } });
    const client = world.connect('ada');
    const send = async (id: number): Promise<void> => {
      client.send({ type: 'message', channel: 'a', data: 'x'.repeat(600), id });
      await world.settle();
    };
    for (let round = 0; round < 5; round += 1) {
      client.clear();
      world.broker.failingPublishes = 0;
      const open = world.broker.holdPublishes();
      await send(1 + round * 2);
      await send(2 + round * 2);
      expect(client.all('error')).toEqual([
        expect.objectContaining({ code: 'rate_limited', id: 2 + round * 2 }),
      ]);
      open();
      await world.settle();
      expect(client.all('ack')).toHaveLength(1);
      world.broker.failingPublishes = 1;
      await send(100 + round);
      expect(client.last('error')).toMatchObject({ code: 'unavailable', id: 100 + round });
    }
  });
});
