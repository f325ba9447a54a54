import { describe, expect, it } from 'vitest';
import { createWorld } from './support/world.ts';

/** A promise that a test settles. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('the frames of one connection', () => {
  it('are appended in the order in which they were sent, however long their hooks take', async () => {
    const slow = gate();
    const world = createWorld({
      hooks: {
        authorize: async ({ action }) => {
          if (action === 'publish') await Promise.resolve();
          return true;
        },
        message: async ({ data }) => {
          if (data === 'first') await slow.opened;
        },
      },
    });
    const reader = await world.join('bob', 'a');
    const writer = world.connect('ada');
    writer.send({ type: 'message', channel: 'a', data: 'first', id: 1 });
    writer.send({ type: 'message', channel: 'a', data: 'second', id: 2 });
    await world.settle();
    expect(reader.publications()).toEqual([]);
    slow.open();
    await world.settle();
    expect(reader.publications().map(({ data }) => data)).toEqual(['first', 'second']);
    expect(writer.all('ack').map(({ id, position }) => [id, position])).toEqual([
      [1, expect.objectContaining({ offset: 1 })],
      [2, expect.objectContaining({ offset: 2 })],
    ]);
  });

  it('wait for one another, but a ping is answered at once', async () => {
    const never = gate();
    const world = createWorld({ methods: { hang: { handler: () => never.opened } } });
    const client = world.connect('ada');
    client.send({ type: 'call', method: 'hang', id: 1 });
    client.send({ type: 'subscribe', channel: 'a', id: 2 });
    client.send({ type: 'ping', id: 3 });
    await world.settle();
    expect(client.frames.map(({ type }) => type)).toEqual(['welcome', 'pong']);
    never.open();
    await world.settle();
    expect(client.frames.map(({ id }) => id)).toEqual([undefined, 3, 1, 2]);
  });

  it('that follow auth wait for its answer', async () => {
    const slow = gate();
    const world = createWorld({
      auth: {
        async authenticate(token) {
          await slow.opened;
          return { userId: token };
        },
      },
    });
    const client = world.connect(undefined);
    client.send({ type: 'auth', token: 'ada', id: 1 });
    client.send({ type: 'subscribe', channel: 'a', id: 2 });
    client.send({ type: 'message', channel: 'a', data: 'x', id: 3 });
    await world.settle();
    expect(client.frames).toHaveLength(1);
    slow.open();
    await world.settle();
    expect(client.frames.slice(1).map(({ type }) => type)).toEqual([
      'auth_success',
      'subscribed',
      'ack',
      'message',
    ]);
  });

  it('that wait are bounded: the next one is refused with a hint, and the others are still done', async () => {
    const slow = gate();
    const world = createWorld({
      limits: { inboxFrames: 3 },
      methods: { hang: { handler: () => slow.opened }, quick: { handler: () => 'done' } },
    });
    const client = world.connect('ada');
    client.send({ type: 'call', method: 'hang', id: 0 });
    for (const id of [1, 2, 3, 4]) client.send({ type: 'call', method: 'quick', id });
    await world.settle();
    expect(client.all('error')).toEqual([
      expect.objectContaining({ code: 'rate_limited', retry: true, after: 1000, id: 4 }),
    ]);
    slow.open();
    await world.settle();
    expect(client.all('result').map(({ id }) => id)).toEqual([0, 1, 2, 3]);
  });

  it('that wait are bounded in bytes too, but one may always wait', async () => {
    const slow = gate();
    const world = createWorld({
      limits: { inboxBytes: 1000 },
      methods: { hang: { handler: () => slow.opened }, quick: { handler: () => 'done' } },
    });
    const client = world.connect('ada');
    const sizes = [2000, 10, 400, 400, 400].entries();
    client.send({ type: 'call', method: 'hang', id: 'first' });
    for (const [id, size] of sizes)
      client.send({ type: 'call', method: 'quick', params: 'x'.repeat(size), id });
    expect(client.all('error').map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(client.last('error')).toMatchObject({ code: 'rate_limited', retry: true, after: 1000 });
    slow.open();
    await world.settle();
    client.send({ type: 'call', method: 'quick', id: 'later' });
    await world.settle();
    expect(client.all('result').map(({ id }) => id)).toEqual(['first', 0, 'later']);
  });

  it('keep their order over a refusal: what follows a message that is missing is refused until that is there', async () => {
    const world = createWorld();
    const reader = await world.join('bob', 'a');
    const writer = world.connect('ada');
    const chain = (n: number) => ({
      type: 'message',
      channel: 'a',
      data: { n },
      id: n,
      ...(n > 1 && { follows: n - 1 }),
    });
    world.broker.failingPublishes = 1;
    for (const n of [1, 2, 3]) writer.send(chain(n));
    await world.settle();
    expect(writer.all('error').map(({ id, code, retry }) => [id, code, retry])).toEqual([
      [1, 'unavailable', true],
      [2, 'out_of_order', true],
      [3, 'out_of_order', true],
    ]);
    expect(world.core.metrics.published).toBe(0);
    for (const n of [1, 2, 3]) writer.send(chain(n));
    await world.settle();
    expect(writer.all('ack').map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(reader.publications().map(({ data, offset }) => [data, offset])).toEqual([
      [{ n: 1 }, 1],
      [{ n: 2 }, 2],
      [{ n: 3 }, 3],
    ]);
  });

  it('that wait are forgotten when it is gone', async () => {
    const slow = gate();
    const called: unknown[] = [];
    const world = createWorld({
      methods: {
        hang: { handler: () => slow.opened },
        note: { handler: (params) => void called.push(params) },
      },
    });
    const client = world.connect('ada');
    client.send({ type: 'call', method: 'hang' });
    client.send({ type: 'call', method: 'note', params: 1 });
    client.drop();
    slow.open();
    await world.settle();
    expect(called).toEqual([]);
  });

  it('are not appended any more once it was closed, even when their hook had begun before', async () => {
    const slow = gate();
    const world = createWorld({ hooks: { message: () => slow.opened } });
    const reader = await world.join('bob', 'a');
    const writer = world.connect('ada');
    writer.send({ type: 'message', channel: 'a', data: 'late' });
    await world.settle();
    world.core.disconnect('ada');
    slow.open();
    await world.settle();
    expect(reader.publications()).toEqual([]);
    expect(world.broker.appended).toEqual([]);
  });

  it('go on after a handler throws, synchronously or later', async () => {
    const world = createWorld({
      methods: {
        now: {
          handler: () => {
            throw new Error('secret');
          },
        },
        later: { handler: () => Promise.reject(new Error('secret')) },
        fine: { handler: () => 1 },
      },
    });
    const client = world.connect('ada');
    for (const [id, method] of ['now', 'later', 'fine'].entries()) client.send({ type: 'call', method, id });
    await world.settle();
    expect(client.all('error').map(({ id, code, message }) => [id, code, message])).toEqual([
      [0, 'internal', 'Internal error'],
      [1, 'internal', 'Internal error'],
    ]);
    expect(client.all('result')).toEqual([{ type: 'result', data: 1, id: 2 }]);
    expect(world.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  });
});
