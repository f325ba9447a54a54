import type { Schema } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import type { Action, Authorize } from '../src/index.ts';
import type { Frame } from './support/client.ts';
import { createWorld } from './support/world.ts';

const frames: readonly { readonly action: Action; readonly frame: (channel: string) => object }[] = [
  { action: 'subscribe', frame: (channel) => ({ type: 'subscribe', channel, id: 1 }) },
  { action: 'publish', frame: (channel) => ({ type: 'message', channel, data: 1, id: 1 }) },
  { action: 'history', frame: (channel) => ({ type: 'history', channel, id: 1 }) },
  { action: 'presence', frame: (channel) => ({ type: 'presence', channel, id: 1 }) },
];

const yes: Authorize = () => true;
const no: Authorize = () => false;
const bad = (() => {
  throw new Error('the database is down');
}) as Authorize;
const truthy = (() => 'yes') as unknown as Authorize;
const rejecting: Authorize = () => Promise.reject(new Error('later'));

describe.each(frames)('$action', ({ action, frame }) => {
  it.each<[string, Authorize | undefined, Authorize | undefined, boolean]>([
    ['nobody is asked', undefined, undefined, true],
    ['both allow', yes, yes, true],
    ['the channel denies', no, yes, false],
    ['the global hook denies', yes, no, false],
    ['only the global hook is there and denies', undefined, no, false],
    ['the channel’s hook throws', bad, yes, false],
    ['the global hook rejects', yes, rejecting, false],
    ['a hook returns something that is not true', truthy, yes, false],
  ])('is decided when %s', async (_, own, global, allowed) => {
    const world = createWorld({
      channels: { 'room:{id}': { presence: true, ...(own && { authorize: own }) } },
      hooks: { ...(global && { authorize: global }) },
    });
    const client = world.connect('ada');
    client.send(frame('room:1'));
    await world.advance(25);
    expect(client.answers(1)).toHaveLength(1);
    expect(client.answers(1)[0]?.['code']).toBe(allowed ? undefined : 'access_denied');
    expect(client.closedWith).toBeUndefined();
  });

  it('is asked with the user, the channel and the parameters of its pattern', async () => {
    const asked: unknown[] = [];
    const world = createWorld({
      channels: { 'room:{id}': { presence: true, authorize: (request) => asked.push(request) > 0 } },
    });
    world.connect('ada', { identity: { claims: { role: 'x' } } }).send(frame('room:7'));
    await world.settle();
    expect(asked).toEqual([
      {
        user: { id: 'ada', anonymous: false, claims: { role: 'x' } },
        action,
        channel: 'room:7',
        params: { id: '7' },
        ...(action === 'publish' ? { event: 'message' } : {}),
      },
    ]);
  });

  it('answers unknown and forbidden with the same bytes at the same moment', async () => {
    const observed: { readonly at: number; readonly frame: Frame | undefined }[] = [];
    for (const channel of ['room:1', 'none:1', 'slow:1']) {
      const world = createWorld({
        channels: {
          'room:{id}': { authorize: no },
          'slow:{id}': {
            authorize: () => new Promise((resolve) => void world.env.timer(10, () => resolve(false))),
          },
        },
      });
      const client = world.connect('ada');
      client.clear();
      client.send(frame(channel));
      await world.settle();
      while (client.frames.length === 0) await world.advance(1);
      observed.push({
        at: world.env.monotonic(),
        frame: { ...(client.frames[0] as Frame), channel: 'same' },
      });
    }
    const [first, ...others] = observed.map((each) => JSON.stringify(each));
    for (const other of others) expect(other).toBe(first);
    expect(observed[0]?.frame?.['message']).toBe(
      action === 'publish' ? 'Cannot send to channel' : 'Access denied to channel',
    );
  });
});

describe('presence of a subscription', () => {
  it('needs the right to see it, and a channel that has it', async () => {
    const world = createWorld({
      channels: {
        open: { presence: true },
        hidden: { presence: true, authorize: ({ action }) => action !== 'presence' },
        plain: {},
      },
    });
    const client = world.connect('ada');
    for (const channel of ['open', 'hidden', 'plain'])
      client.send({ type: 'subscribe', channel, presence: true, id: channel });
    await world.advance(50);
    expect(client.answers('open')[0]?.type).toBe('subscribed');
    expect(client.answers('hidden')[0]).toMatchObject({ code: 'access_denied' });
    expect(client.answers('plain')[0]).toMatchObject({ code: 'access_denied' });
    expect(world.core.channels().map(({ channel }) => channel)).toEqual(['open']);
  });
});

describe('what may be published', () => {
  const text: Schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'string'
          ? { value: value.trim() }
          : { issues: [{ message: 'expected a text', path: ['body', { key: 0 }] }] },
    },
  };

  it('is what the channel’s schema accepts, as the schema leaves it', async () => {
    const world = createWorld({ channels: { a: { events: { message: text } } } });
    const client = await world.join('ada', 'a');
    client.send({ type: 'message', channel: 'a', data: ' hi ', id: 1 });
    client.send({ type: 'message', channel: 'a', data: 5, id: 2 });
    client.send({ type: 'message', channel: 'a', event: 'other', data: 'x', id: 3 });
    client.send({ type: 'message', channel: 'a', event: '__proto__', data: 'x', id: 4 });
    client.send({ type: 'message', channel: 'a', event: 'welcome', data: 'x', id: 5 });
    client.send({ type: 'message', channel: 'a', event: 'thrum:x', data: 'x', id: 6 });
    await world.settle();
    expect(client.publications().map(({ data }) => data)).toEqual(['hi']);
    expect(client.all('error').map(({ id, code, message }) => [id, code, message])).toEqual([
      [2, 'invalid_data', 'Invalid data: body.0: expected a text'],
      [3, 'invalid_event', 'Invalid event name: this channel has message'],
      [4, 'invalid_event', 'Invalid event name: this channel has message'],
      [5, 'invalid_event', 'Invalid event name: it is one of the protocol’s own names'],
      [6, 'invalid_event', 'Invalid event name: it begins with the reserved prefix thrum:'],
    ]);
  });

  it('is neither too deep nor holds a number that JSON cannot write', async () => {
    const world = createWorld();
    const client = world.connect('ada');
    client.raw(`{"type":"message","channel":"a","data":${'['.repeat(33)}${']'.repeat(33)},"id":1}`);
    client.raw('{"type":"message","channel":"a","data":{"n":1e999},"id":2}');
    client.raw(`{"type":"message","channel":"a","data":${'['.repeat(32)}${']'.repeat(32)},"id":3}`);
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({ code: 'invalid_data' });
    expect(client.answers(2)[0]).toMatchObject({ code: 'invalid_data' });
    expect(client.answers(3)[0]).toMatchObject({ type: 'ack' });
  });

  it('carries the server’s own sender, time and place, whatever the client claims', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    const forged = { from: 'root', timestamp: 1, offset: 99, epoch: 'mine' };
    client.send({ type: 'message', channel: 'a', data: {}, ...forged });
    await world.settle();
    expect(client.publications()[0]).toMatchObject({ from: 'ada', offset: 1, timestamp: world.env.now() });
    expect(client.publications()[0]?.['epoch']).not.toBe('mine');
  });

  it('may be refused by the message hook, with its sentence or without its cause', async () => {
    const { reject } = await import('../src/index.ts');
    const world = createWorld({
      hooks: {
        message: ({ data }) => {
          if (data === 'rude') throw reject('Be kind');
          if (data === 'broken') throw new Error('secret');
        },
      },
    });
    const client = world.connect('ada');
    client.send({ type: 'message', channel: 'a', data: 'rude', id: 1 });
    client.send({ type: 'message', channel: 'a', data: 'broken', id: 2 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({ code: 'rejected', message: 'Be kind', retry: false });
    expect(client.answers(2)[0]).toMatchObject({ code: 'internal', message: 'Internal error' });
  });

  it.each([
    ['a bigint', 1n],
    ['a bigint deep inside', { a: [1n] }],
    ['a function', () => 1],
    ['nothing', undefined],
    [
      'a cycle',
      (() => {
        const cycle: Record<string, unknown> = {};
        cycle['self'] = cycle;
        return cycle;
      })(),
    ],
  ])('by the server itself is not %s', async (_, data) => {
    const world = createWorld();
    const reader = await world.join('bob', 'a');
    await expect(world.core.publish('a', 'message', data)).rejects.toMatchObject({ code: 'invalid_data' });
    await world.publishEvent('a', 'message', 'fine');
    expect(reader.publications().map((frame) => frame['data'])).toEqual(['fine']);
  });

  it('by the server itself is kept as it was then: later changes to the object are not published', async () => {
    const world = createWorld();
    const data = { n: 1 };
    await world.publishEvent('a', 'message', data);
    data.n = 2;
    const { publications } = await world.core.history('a');
    expect(publications[0]?.data).toEqual({ n: 1 });
  });
});
