import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../src/index.ts';
import { createWorld } from './support/world.ts';

describe('an acknowledged subscription', () => {
  it('gets what it does not confirm again after 5 seconds, three more times, unchanged, and then no more', async () => {
    const letters: DeadLetter[] = [];
    const world = createWorld({ hooks: { deadLetter: (letter) => void letters.push(letter) } });
    const client = await world.join('ada', 'a', { ack: true });
    await world.publish('a', 1);
    const times: number[] = [];
    let seen = 0;
    for (let ms = 0; ms < 40_000; ms += 250) {
      const count = client.publications().length;
      if (count > seen) times.push(world.env.monotonic());
      seen = count;
      await world.advance(250);
    }
    expect(times).toEqual([0, 5000, 10_000, 15_000]);
    const [first, ...others] = client.publications();
    for (const other of others) expect(other).toEqual(first);
    expect(letters).toEqual([
      expect.objectContaining({
        connectionId: client.id,
        user: expect.objectContaining({ id: 'ada' }),
        channel: 'a',
        attempts: 4,
        publication: expect.objectContaining({ offset: 1, data: { n: 1 } }),
      }),
    ]);
    expect(world.core.metrics).toMatchObject({ redelivered: 3, deadLetters: 1 });
  });

  it('confirms everything up to an offset at once', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', { ack: true });
    for (let n = 1; n <= 3; n += 1) await world.publish('a', n);
    client.send({ type: 'ack', channel: 'a', offset: 2 });
    client.clear();
    await world.advance(5250);
    expect(client.offsets()).toEqual([3]);
  });

  it('confirms the one publication that carried an id', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', { ack: true });
    await world.publishEvent('a', 'message', 1, { id: 'x' });
    await world.publishEvent('a', 'message', 2, { id: '7' });
    await world.publishEvent('a', 'message', 3);
    client.send({ type: 'ack', id: 7 });
    client.clear();
    await world.advance(5250);
    expect(client.offsets()).toEqual([1, 3]);
  });

  it.each([
    { type: 'ack', id: 'never sent' },
    { type: 'ack', channel: 'a', offset: 0 },
    { type: 'ack', channel: 'b', offset: 5 },
    { type: 'ack', channel: '__proto__', offset: 5 },
  ])('ignores %j without an answer', async (frame) => {
    const world = createWorld();
    const client = await world.join('ada', 'a', { ack: true });
    await world.publish('a', 1);
    client.clear();
    client.send(frame);
    await world.settle();
    expect(client.frames).toEqual([]);
    await world.advance(5250);
    expect(client.offsets()).toEqual([1]);
  });

  it('confirms what is confirmed ahead of its time no further than it was sent', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', { ack: true });
    client.send({ type: 'ack', channel: 'a', offset: 100 });
    await world.publish('a', 1);
    await world.advance(5250);
    expect(client.offsets()).toEqual([1, 1]);
  });

  it('begins with what it missed, which it has to confirm as well', async () => {
    const world = createWorld();
    await world.publish('a', 1);
    const client = await world.join('ada', 'a', { ack: true, since: { last: 1 } });
    await world.advance(5250);
    expect(client.offsets()).toEqual([1, 1]);
  });

  it('confirms in offset order also after it went back to an earlier position', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', { ack: true });
    for (let n = 1; n <= 3; n += 1) await world.publish('a', n);
    client.send({ type: 'ack', channel: 'a', offset: 2 });
    const { epoch } = world.broker.appended[0] ?? {};
    client.send({ type: 'subscribe', channel: 'a', ack: true, since: { epoch, offset: 0 } });
    await world.settle();
    client.send({ type: 'ack', channel: 'a', offset: 3 });
    client.clear();
    await world.advance(5250);
    expect(client.offsets()).toEqual([]);
  });

  it('does not take a publication of a new log for one of the old', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a', { ack: true });
    await world.publish('a', 1);
    await world.broker.wipe();
    await world.publish('a', 2);
    await world.settle();
    await world.publish('a', 3);
    client.clear();
    await world.advance(5250);
    expect(client.publications().map(({ data }) => data)).toEqual([{ n: 3 }]);
  });

  it('is over when it is subscribed again without ack, left, or its connection gone', async () => {
    const world = createWorld();
    const changed = await world.join('ada', 'a', { ack: true });
    const left = await world.join('ada', 'a', { ack: true });
    const gone = await world.join('ada', 'a', { ack: true });
    await world.publish('a', 1);
    changed.send({ type: 'subscribe', channel: 'a' });
    left.send({ type: 'unsubscribe', channel: 'a' });
    gone.drop();
    await world.advance(30_000);
    for (const client of [changed, left, gone]) expect(client.offsets()).toEqual([1]);
    expect(world.core.metrics.deadLetters).toBe(0);
  });

  it('is not to be had in an ephemeral channel', async () => {
    const world = createWorld({ channels: { a: { tier: 'ephemeral' } } });
    const client = await world.join('ada', 'a', { ack: true, id: 1 });
    expect(client.answers(1)[0]).toMatchObject({ code: 'invalid_frame' });
  });

  it('survives a dead-letter hook that throws', async () => {
    const world = createWorld({
      hooks: {
        deadLetter: () => {
          throw new Error('no');
        },
      },
    });
    const client = await world.join('ada', 'a', { ack: true });
    await world.publish('a', 1);
    await world.advance(25_000);
    expect(client.closedWith).toBeUndefined();
    expect(world.lines).toContainEqual(expect.objectContaining({ message: 'the deadLetter hook failed' }));
  });
});
