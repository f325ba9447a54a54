import { describe, expect, it } from 'vitest';
import type { ChannelDefinition, SlowReader } from '../src/index.ts';
import type { Frame, TestClient } from './support/client.ts';
import { createWorld, type World, type WorldOptions } from './support/world.ts';

const pad = 'x'.repeat(10_000);

function createSlowWorld(definition: ChannelDefinition, options: WorldOptions = {}) {
  const told: SlowReader[] = [];
  const world = createWorld({
    limits: { outboxBytes: 200_000 },
    channels: { '{name*}': definition, 'strict:{x}': {} },
    hooks: { slow: (event) => void told.push(event) },
    ...options,
  });
  return { ...world, told };
}

async function publish(
  world: World,
  from: number,
  to: number,
  channel = 'a',
  data: object = {},
): Promise<void> {
  for (let n = from; n <= to; n += 1) await world.publishEvent(channel, 'message', { n, pad, ...data });
}

/** What a client saw of a channel, in one word each: offsets, `behind`, `subscribed`. */
function story(client: TestClient, channel = 'a'): unknown[] {
  return client.frames.filter((frame) => frame['channel'] === channel && frame.type !== 'ack').map(word);
}

function word(frame: Frame): unknown {
  if (frame.type === 'behind')
    return `behind ${String(frame['dropped'])}${frame['superseded'] === true ? ' superseded' : ''}`;
  if (frame.type === 'subscribed') return `subscribed ${frame['recovered'] === true ? 'recovered' : 'anew'}`;
  return frame['offset'] ?? frame.type;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a slow reader of a drop-oldest channel', () => {
  it('gets behind where the hole is, then the newest, and everything when it asks again', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 50);
    expect(world.core.connections()[0]?.bufferedBytes).toBeLessThanOrEqual(200_000);
    client.flow();
    // 7 went to the network before it was stuck, and 12 are what still fits behind them.
    expect(story(client)).toEqual(['subscribed anew', ...range(1, 7), 'behind 31', ...range(39, 50)]);
    expect(client.closedWith).toBeUndefined();
    await world.settle();
    expect(world.told).toEqual([
      { connectionId: client.id, user: expect.objectContaining({ id: 'ada' }), channel: 'a', dropped: 31 },
    ]);
    expect(world.core.metrics).toMatchObject({ dropped: 31, slowConsumers: 0 });
    const epoch = client.publications()[0]?.['epoch'];
    client.clear();
    client.send({ type: 'subscribe', channel: 'a', since: { epoch, offset: 7 } });
    await world.settle();
    expect(story(client)).toEqual(['subscribed recovered', ...range(8, 50)]);
  });

  it('is told also when nothing of the channel follows', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' }, { limits: { outboxBytes: 80_000 } });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 8);
    client.sip();
    expect(story(client)).toEqual(['subscribed anew', ...range(1, 7), 'behind 1']);
    await publish(world, 9, 9);
    expect(story(client).slice(-2)).toEqual(['behind 1', 9]);
  });

  it('is told before it is sent an answer that begins or ends the stream', async () => {
    for (const frame of [
      { type: 'subscribe', channel: 'a' },
      { type: 'unsubscribe', channel: 'a' },
    ]) {
      const world = createSlowWorld({ slow: 'drop-oldest' }, { limits: { outboxBytes: 80_000 } });
      const client = await world.join('ada', 'a');
      client.stuck = true;
      await publish(world, 1, 8);
      client.send({ ...frame, id: 1 });
      await world.settle();
      client.flow();
      expect(story(client).slice(-2)).toEqual(['behind 1', expect.stringMatching(/subscribed/u)]);
      expect(client.all('behind')).toHaveLength(1);
    }
  });

  it('that asks again is spared what waits of the log, and never gets stuck', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest', history: { size: 300 } });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 100);
    // As slow as can be: each time the network takes what it holds, and no more.
    let read = 0;
    let last = { epoch: '', offset: 0 };
    for (let round = 0; round < 60 && last.offset < 100; round += 1) {
      client.sip();
      let fell = false;
      for (const frame of client.frames.slice(read)) {
        if (frame.type === 'behind') fell = true;
        const { epoch, offset } = frame as { epoch?: string; offset?: number };
        if (offset === last.offset + 1) last = { epoch: epoch ?? '', offset };
      }
      read = client.frames.length;
      if (fell) client.send({ type: 'subscribe', channel: 'a', since: last });
      await world.settle();
    }
    expect(last.offset).toBe(100);
    expect(client.closedWith).toBeUndefined();
  });

  it('still gets every answer', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 30);
    for (let id = 0; id < 5; id += 1) client.send({ type: 'ping', id, pad });
    client.send({ type: 'message', channel: 'b', data: pad, id: 'm' });
    client.send({ type: 'history', channel: 'a', limit: 5, id: 'h' });
    client.send({ type: 'none', id: 'n' });
    await world.settle();
    await publish(world, 31, 60);
    client.flow();
    expect(client.all('pong')).toHaveLength(5);
    expect(['m', 'h', 'n'].map((id) => client.answers(id)[0]?.type)).toEqual(['ack', 'result', 'error']);
  });

  it('is closed when what must arrive does not fit either', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 30);
    for (let id = 0; id < 10; id += 1) client.send({ type: 'history', channel: 'a', limit: 5, id });
    await world.settle();
    expect(client.closedWith).toEqual({ code: 4008, reason: 'Slow consumer' });
    expect(world.core.connections()).toEqual([]);
    expect(world.told.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(world.core.metrics.dropped);
  });

  it('is told of transient events too', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest', tier: 'ephemeral' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 50);
    client.flow();
    expect(client.publications()).toHaveLength(19);
    expect(client.last('behind')).toEqual({ type: 'behind', channel: 'a', dropped: 31 });
  });

  it('loses nothing of an acknowledged subscription, which stops before the outbox is full', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' });
    const client = await world.join('ada', 'a', { ack: true });
    client.stuck = true;
    await publish(world, 1, 50);
    expect(world.core.metrics).toMatchObject({ dropped: 0, paused: 1, slowConsumers: 0 });
    client.flow();
    for (let offset = 1; offset <= 50; offset += 1) {
      client.send({ type: 'ack', channel: 'a', offset });
      await world.settle();
    }
    expect(client.closedWith).toBeUndefined();
    expect(client.offsets('a')).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(client.all('behind')).toEqual([]);
  });

  it('keeps a quiet channel while a busy one gives way', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' });
    const client = await world.join('ada', 'busy');
    client.send({ type: 'subscribe', channel: 'quiet' });
    client.send({ type: 'subscribe', channel: 'strict:x' });
    await world.settle();
    client.stuck = true;
    await publish(world, 1, 10, 'busy');
    await publish(world, 1, 2, 'quiet');
    await publish(world, 1, 2, 'strict:x');
    await publish(world, 11, 60, 'busy');
    client.flow();
    expect(story(client, 'quiet')).toEqual(['subscribed anew', 1, 2]);
    expect(story(client, 'strict:x')).toEqual(['subscribed anew', 1, 2]);
    expect(client.all('behind')).toHaveLength(1);
    expect(story(client, 'busy').at(-1)).toBe(60);
  });

  it('that is gone leaves nothing behind, and the application hears what it missed', async () => {
    const world = createSlowWorld({ slow: 'drop-oldest' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 50);
    client.drop();
    await world.settle();
    expect(world.core.connections()).toEqual([]);
    expect(world.told).toEqual([expect.objectContaining({ channel: 'a', dropped: 31 })]);
  });
});

describe('a slow reader of a latest-per-key channel', () => {
  it('gets the newest of each key, in the order of the log, and nothing to recover', async () => {
    const world = createSlowWorld({ slow: 'latest-per-key', key: 'who' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 7);
    for (const [n, who] of ['x', 'y', 'x', 'z', 'x'].entries()) await publish(world, n, n, 'a', { who });
    client.flow();
    expect(story(client).slice(8)).toEqual(['behind 2 superseded', 9, 11, 12]);
    await world.settle();
    expect(world.told).toEqual([expect.objectContaining({ dropped: 2 })]);
  });

  it('without a key gets the newest of each event', async () => {
    const world = createSlowWorld({ slow: 'latest-per-key' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 9);
    await world.publishEvent('a', 'other', 1);
    await publish(world, 10, 12);
    client.flow();
    expect(story(client).slice(8)).toEqual(['behind 4 superseded', 10, 13]);
  });

  it('finds the key by a function, and leaves alone what has none', async () => {
    const world = createSlowWorld({
      slow: 'latest-per-key',
      key: ({ data }) => (data as { who: { id: number } }).who.id % 2,
    });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 7, 'a', { who: { id: 1 } });
    for (const id of [2, 3, 4]) await publish(world, id, id, 'a', { who: { id } });
    await publish(world, 0, 1, 'a', {});
    client.flow();
    expect(story(client).slice(8)).toEqual(['behind 1 superseded', 9, 10, 11, 12]);
    expect(world.lines.filter(({ level }) => level === 'error')).toHaveLength(9 - 7);
  });

  it('with too many keys loses the oldest and is told that there is something to recover', async () => {
    const world = createSlowWorld({ slow: 'latest-per-key', key: 'n' });
    const client = await world.join('ada', 'a');
    client.stuck = true;
    await publish(world, 1, 50);
    client.flow();
    expect(story(client)).toContain('behind 31');
  });
});
