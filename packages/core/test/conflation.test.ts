import { type Codec, jsonCodec } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import type { ChannelDefinition } from '../src/index.ts';
import type { Frame, TestClient } from './support/client.ts';
import { createWorld, type World, type WorldOptions } from './support/world.ts';

const definition: ChannelDefinition = { conflate: { every: 100, key: 'k' } };

function createConflated(options: WorldOptions = {}): World {
  return createWorld({
    channels: { '{name*}': definition, 'plain:{x}': {}, 'fast:{x}': { tier: 'ephemeral', ...definition } },
    ...options,
  });
}

async function move(world: World, k: string, n: number, channel = 'a'): Promise<void> {
  await world.core.publish(channel, 'move', { k, n });
  await world.settle();
}

/** Each publication as `key number`, with `(n)` where so many gave way before it. */
function told(client: TestClient, channel = 'a'): string[] {
  return client.publications(channel).map((frame) => {
    const { k, n } = frame['data'] as { k: string; n: number };
    return `${k}${n}${frame['conflated'] === undefined ? '' : ` (${String(frame['conflated'])})`}`;
  });
}

describe('a conflated channel', () => {
  it('sends the first value at once, then the newest of each key, in order, and says how many gave way', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'a');
    expect(client.last('subscribed')).toMatchObject({ maxRate: 10 });
    await move(world, 'ada', 1);
    expect(told(client)).toEqual(['ada1']);
    for (const [k, n] of [
      ['ada', 2],
      ['bob', 3],
      ['ada', 4],
    ] as const)
      await move(world, k, n);
    await world.advance(99);
    expect(told(client)).toEqual(['ada1']);
    await world.advance(1);
    // 2 gave way to 4, which went behind 3.
    expect(told(client)).toEqual(['ada1', 'bob3 (1)', 'ada4']);
    expect(client.offsets()).toEqual([1, 3, 4]);
    expect(world.core.metrics).toMatchObject({ delivered: 3, conflated: 1 });
  });

  it('keeps to the interval from batch to batch, and sends at once what finds it quiet', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'a');
    await move(world, 'ada', 1);
    await world.advance(60);
    await move(world, 'ada', 2);
    await world.advance(40);
    await move(world, 'ada', 3);
    await world.advance(99);
    expect(told(client)).toEqual(['ada1', 'ada2']);
    await world.advance(1);
    expect(told(client)).toEqual(['ada1', 'ada2', 'ada3']);
    await world.advance(100);
    await move(world, 'ada', 4);
    expect(told(client).at(-1)).toBe('ada4');
  });

  it('has one timer for all subscribers and keys, and none while nothing waits', async () => {
    const world = createConflated();
    const quiet = createConflated();
    for (const each of [world, quiet]) {
      for (const user of ['ada', 'bob', 'cyd']) await each.join(user, 'a');
      await each.join('dan', 'a', { maxRate: 1 });
    }
    await move(world, 'ada', 1);
    expect(world.env.pending).toBe(quiet.env.pending);
    for (let n = 2; n < 20; n += 1) await move(world, `k${n}`, n);
    expect(world.env.pending).toBe(quiet.env.pending + 1);
    await world.advance(1000);
    expect(world.env.pending).toBe(quiet.env.pending);
  });

  it('lets nothing give way that has no key, and what has none of its own by its event', async () => {
    const world = createConflated({ channels: { a: definition, b: { conflate: { every: 100 } } } });
    const client = await world.join('ada', 'a');
    client.send({ type: 'subscribe', channel: 'b' });
    await world.settle();
    for (const channel of ['a', 'b']) {
      await world.core.publish(channel, 'move', 1);
      await world.settle();
      for (const data of [2, 3]) await world.core.publish(channel, 'move', data);
      await world.core.publish(channel, 'click', 4);
      await world.core.publish(channel, 'move', 5);
    }
    await world.advance(100);
    expect(client.publications('a').map(({ data }) => data)).toEqual([1, 2, 3, 4, 5]);
    expect(client.publications('b').map(({ data }) => data)).toEqual([1, 4, 5]);
    expect(client.publications('b').map(({ conflated }) => conflated)).toEqual([undefined, 2, undefined]);
  });

  it('sends a value whose key cannot be worked out, and logs that', async () => {
    const key = (): never => {
      throw new Error('no key today');
    };
    const world = createConflated({ channels: { a: { conflate: { every: 100, key } } } });
    const client = await world.join('ada', 'a');
    for (let n = 1; n <= 3; n += 1) await move(world, 'ada', n);
    await world.advance(100);
    expect(told(client)).toEqual(['ada1', 'ada2', 'ada3']);
    expect(world.lines.map(({ message }) => message)).toContain(
      'a key could not be worked out; nothing takes its place',
    );
  });

  it('sends early what is more than may wait', async () => {
    const world = createConflated({ limits: { conflateKeys: 3 } });
    const client = await world.join('ada', 'a');
    await move(world, 'first', 1);
    for (let n = 2; n <= 5; n += 1) await move(world, `k${n}`, n);
    expect(told(client)).toEqual(['first1', 'k22', 'k33', 'k44']);
    await world.advance(100);
    expect(told(client).at(-1)).toBe('k55');
  });

  it('keeps every publication for history and recovery', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'a');
    for (let n = 1; n <= 5; n += 1) await move(world, 'ada', n);
    await world.advance(100);
    expect(told(client)).toEqual(['ada1', 'ada5 (3)']);
    const epoch = client.publications()[0]?.['epoch'];
    const back = await world.join('ada', 'a', { since: { epoch, offset: 1 } });
    expect(back.last('subscribed')).toMatchObject({ recovered: true });
    expect(told(back)).toEqual(['ada2', 'ada3', 'ada4', 'ada5']);
    expect((await world.core.history('a')).publications).toHaveLength(5);
  });

  it('sends an acknowledged subscription every publication at once', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'a', { ack: true, maxRate: 1 });
    expect(client.last('subscribed')).not.toHaveProperty('maxRate');
    for (let n = 1; n <= 3; n += 1) await move(world, 'ada', n);
    expect(told(client)).toEqual(['ada1', 'ada2', 'ada3']);
  });

  it('counts transient events among themselves', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'fast:1');
    for (let n = 1; n <= 4; n += 1) await move(world, 'ada', n, 'fast:1');
    await world.advance(100);
    await move(world, 'ada', 5, 'fast:1');
    await world.advance(100);
    expect(told(client, 'fast:1')).toEqual(['ada1', 'ada4 (2)', 'ada5']);
    expect(client.last('subscribed')).toEqual({
      type: 'subscribed',
      channel: 'fast:1',
      recovered: false,
      maxRate: 10,
    });
  });

  it('is so for those whom the server subscribes too', async () => {
    const world = createConflated();
    const client = world.connect('ada');
    await world.core.subscribeUser('ada', 'a');
    expect(client.last('subscribed')).toMatchObject({ maxRate: 10 });
    for (let n = 1; n <= 3; n += 1) await move(world, 'ada', n);
    expect(told(client)).toEqual(['ada1']);
  });
});

describe('who joins while something waits', () => {
  it('is sent what is published from then on, and nothing twice', async () => {
    const world = createConflated();
    const ada = await world.join('ada', 'a');
    for (const [k, n] of [
      ['ada', 1],
      ['ada', 2],
      ['bob', 3],
      ['ada', 4],
    ] as const)
      await move(world, k, n);
    const cyd = await world.join('cyd', 'a');
    expect(cyd.last('subscribed')).toMatchObject({ position: { offset: 4 } });
    await move(world, 'bob', 5);
    await world.advance(100);
    expect(told(ada)).toEqual(['ada1', 'ada4 (2)', 'bob5']);
    expect(told(cyd)).toEqual(['bob5']);
  });

  it('and takes up an older position, is sent all of it from the log, and the waiting ones once', async () => {
    const world = createConflated();
    const ada = await world.join('ada', 'a');
    for (let n = 1; n <= 4; n += 1) await move(world, 'ada', n);
    const epoch = ada.publications()[0]?.['epoch'];
    const back = await world.join('bob', 'a', { since: { epoch, offset: 1 } });
    await world.advance(100);
    expect(told(back)).toEqual(['ada2', 'ada3', 'ada4']);
    expect(told(ada)).toEqual(['ada1', 'ada4 (2)']);
  });

  it('while it is there already is sent what waits, and begins anew behind it', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'a');
    for (let n = 1; n <= 4; n += 1) await move(world, 'ada', n);
    const epoch = client.publications()[0]?.['epoch'];
    client.send({ type: 'subscribe', channel: 'a', since: { epoch, offset: 3 }, id: 1 });
    await world.settle();
    await world.advance(100);
    // The last one again: it was asked for, and a client drops it by its offset.
    expect(told(client)).toEqual(['ada1', 'ada4 (2)', 'ada4']);
    expect(client.frames.map(({ type }) => type).slice(-3)).toEqual(['move', 'subscribed', 'move']);
  });
});

describe('what waits', () => {
  async function waiting(options: WorldOptions = {}, fields: object = {}) {
    const world = createConflated(options);
    const client = await world.join('ada', 'a', fields);
    for (let n = 1; n <= 3; n += 1) await move(world, 'ada', n);
    expect(told(client)).toEqual(['ada1']);
    return { world, client };
  }
  const order = (client: TestClient) => client.frames.slice(-2).map(({ type }) => type);

  it('goes before unsubscribed, asked for or not', async () => {
    for (const end of ['asked', 'revoked']) {
      const { world, client } = await waiting();
      if (end === 'asked') client.send({ type: 'unsubscribe', channel: 'a' });
      else world.core.unsubscribeUser('ada', 'a');
      await world.settle();
      expect(told(client)).toEqual(['ada1', 'ada3 (1)']);
      expect(order(client)).toEqual(['move', 'unsubscribed']);
      await move(world, 'ada', 4);
      await world.advance(1000);
      expect(told(client)).toHaveLength(2);
    }
  });

  it('goes before a close by the server: a drain, an end for good, an end of everything', async () => {
    const ends: ((world: World) => unknown)[] = [
      (world) => world.core.drain(1000),
      (world) => world.core.disconnect('ada'),
      (world) => world.core.close(),
    ];
    for (const end of ends) {
      const { world, client } = await waiting({}, { maxRate: 0.1 });
      void end(world);
      await world.advance(1000);
      expect(client.closedWith).toBeDefined();
      expect(told(client)).toEqual(['ada1', 'ada3 (1)']);
    }
  });

  it('is forgotten with a connection that breaks, with its timer', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'fast:1');
    await move(world, 'ada', 1, 'fast:1');
    const { pending } = world.env;
    for (let n = 2; n <= 3; n += 1) await move(world, 'ada', n, 'fast:1');
    expect(world.env.pending).toBe(pending + 1);
    client.drop();
    expect(world.env.pending).toBe(pending);
    await world.advance(1000);
    expect(told(client, 'fast:1')).toEqual(['ada1']);
  });

  it('of a log that was lost goes before the reset', async () => {
    const { world, client } = await waiting();
    await world.broker.wipe();
    await move(world, 'ada', 9);
    await world.advance(100);
    expect(told(client)).toEqual(['ada1', 'ada3 (1)']);
    expect(client.frames.at(-1)).toMatchObject({
      type: 'subscribed',
      recovered: false,
      maxRate: 10,
      position: { offset: 1 },
    });
    await move(world, 'ada', 10);
    await world.advance(100);
    expect(client.frames.at(-1)).toMatchObject({ data: { n: 10 }, offset: 2 });
    expect(client.frames.at(-1)).not.toHaveProperty('conflated');
  });
});

describe('a subscriber with a maxRate', () => {
  it.each([
    ['plain:1', 1000, 100, 10],
    ['plain:1', 30, 20, 50],
    ['plain:1', 1, 1, 1000],
    ['plain:1', 0.3, 0.2, 5000],
    ['plain:1', 0.01, 0.01, 100_000],
    ['a', 30, 10, 100],
    ['a', 10, 10, 100],
    ['a', 9.9, 5, 200],
  ])('of %s that asks for %d gets %d', async (channel, maxRate, granted, every) => {
    const world = createConflated();
    const client = await world.join('ada', channel, { maxRate });
    expect(client.last('subscribed')).toMatchObject({ maxRate: granted });
    for (let n = 1; n <= 3; n += 1) await move(world, 'ada', n, channel);
    await world.advance(every - 1);
    expect(told(client, channel)).toEqual(['ada1']);
    await world.advance(1);
    expect(told(client, channel)).toEqual(['ada1', 'ada3 (1)']);
  });

  it('of a plain channel changes nothing for the others', async () => {
    const world = createConflated();
    const [slow, plain] = [
      await world.join('ada', 'plain:1', { maxRate: 1 }),
      await world.join('bob', 'plain:1'),
    ];
    expect(plain.last('subscribed')).not.toHaveProperty('maxRate');
    for (let n = 1; n <= 3; n += 1) await move(world, 'x', n, 'plain:1');
    expect(told(plain, 'plain:1')).toEqual(['x1', 'x2', 'x3']);
    expect(told(slow, 'plain:1')).toEqual(['x1']);
  });

  it('changes it and the stream goes on: what waits comes first, nothing is read, nothing is missing', async () => {
    const world = createConflated();
    const client = await world.join('ada', 'plain:1', { maxRate: 0.1 });
    for (let n = 1; n <= 3; n += 1) await move(world, 'ada', n, 'plain:1');
    const { pagesRead, positionsRead } = world.core.metrics;
    client.send({ type: 'subscribe', channel: 'plain:1', id: 1 });
    await world.settle();
    expect(told(client, 'plain:1')).toEqual(['ada1', 'ada3 (1)']);
    expect(client.frames.at(-1)).toEqual({
      type: 'subscribed',
      channel: 'plain:1',
      position: { epoch: expect.any(String), offset: 3 },
      recovered: false,
      id: 1,
    });
    for (let n = 4; n <= 5; n += 1) await move(world, 'ada', n, 'plain:1');
    expect(told(client, 'plain:1').slice(2)).toEqual(['ada4', 'ada5']);
    client.send({ type: 'subscribe', channel: 'plain:1', maxRate: 2 });
    await world.settle();
    for (let n = 6; n <= 8; n += 1) await move(world, 'ada', n, 'plain:1');
    await world.advance(500);
    expect(told(client, 'plain:1').slice(4)).toEqual(['ada6', 'ada8 (1)']);
    expect(world.core.metrics).toMatchObject({ pagesRead, positionsRead });
  });

  it('shares its frames with all of the same rate; what gave way is never encoded', async () => {
    const encoded: object[] = [];
    const codec: Codec = { ...jsonCodec, encode: (frame) => (encoded.push(frame), jsonCodec.encode(frame)) };
    const world = createConflated();
    for (let n = 0; n < 10; n += 1) {
      const client = world.connect(`u${n}`, { codec });
      client.send({ type: 'subscribe', channel: 'a', ...(n < 5 ? {} : { maxRate: 5 }) });
    }
    await world.settle();
    encoded.length = 0;
    for (let n = 1; n <= 20; n += 1) await move(world, 'ada', n);
    await world.advance(200);
    // The first for everybody, then one for each rate.
    expect(encoded.map((frame) => (frame as { data: { n: number } }).data.n)).toEqual([1, 20, 20]);
    expect(world.core.metrics).toMatchObject({ conflated: 10 * 18 });
  });
});

describe('a slow reader of a conflated channel', () => {
  it('is told of what gave way with what is left out', async () => {
    const world = createConflated({
      channels: { a: { ...definition, slow: 'latest-per-key' } },
      limits: { outboxBytes: 100_000 },
    });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    const pad = 'x'.repeat(70_000);
    await world.core.publish('a', 'move', { k: 'big', n: 1, pad });
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) await move(world, 'ada', 2 + round * 4 + n);
      await world.advance(100);
    }
    client.flow();
    const story = client.frames
      .slice(3)
      .map((frame: Frame) => [frame.type, frame['dropped'] ?? frame['offset']]);
    // 5 with 2 to 4, and 9 with 6 to 8, gave way to 13, which 10 to 12 gave way to.
    expect(story).toEqual([
      ['behind', 8],
      ['move', 13],
    ]);
    expect(client.last('behind')).toMatchObject({ superseded: true });
    expect(client.last('move')).toMatchObject({ conflated: 3 });
  });
});
