import { describe, expect, it } from 'vitest';
import { type Feature, type FeatureContext, ThrumError } from '../src/index.ts';
import { createWorld } from './support/world.ts';

const echo: Feature = {
  name: 'echo',
  frames: {
    echo: ({ connectionId, user, frame }) => ({ connectionId, user: user.id, said: frame['said'] }),
    refuse: () => {
      throw new ThrumError('invalid_frame', 'Invalid frame: said: expected a text');
    },
    break: () => Promise.reject(new Error('secret')),
    silent: () => undefined,
  },
};

describe('a feature', () => {
  it('serves frames of its own, and answers those with an id', async () => {
    const world = createWorld({ features: [echo] });
    const client = world.connect('ada');
    client.send({ type: 'echo', said: 'hi', id: 1 });
    client.send({ type: 'silent', id: 2 });
    client.send({ type: 'silent' });
    client.send({ type: 'refuse', id: 3 });
    client.send({ type: 'break', id: 4 });
    await world.settle();
    expect(client.frames.slice(1)).toEqual([
      { type: 'result', data: { connectionId: client.id, user: 'ada', said: 'hi' }, id: 1 },
      { type: 'result', data: null, id: 2 },
      expect.objectContaining({
        code: 'invalid_frame',
        message: 'Invalid frame: said: expected a text',
        id: 3,
      }),
      expect.objectContaining({ code: 'internal', message: 'Internal error', id: 4 }),
    ]);
  });

  it.each<[string, readonly Feature[], string]>([
    [
      'the protocol’s client frames',
      [{ name: 'x', frames: { message: () => 1 } }],
      'feature "x": the frame type "message" is taken',
    ],
    [
      'the protocol’s server frames',
      [{ name: 'x', frames: { welcome: () => 1 } }],
      'feature "x": the frame type "welcome" is taken',
    ],
    [
      'another feature’s frames',
      [echo, { name: 'x', frames: { echo: () => 1 } }],
      'feature "x": the frame type "echo" is taken',
    ],
    [
      'another feature’s channels',
      [
        { name: 'x', channels: { 'x:{a}': {} } },
        { name: 'y', channels: { 'x:{a}': {} } },
      ],
      'feature "y": the channel "x:{a}" is taken',
    ],
    [
      'another feature’s methods',
      [
        { name: 'x', methods: { m: { handler: () => 1 } } },
        { name: 'y', methods: { m: { handler: () => 1 } } },
      ],
      'feature "y": the method "m" is taken',
    ],
  ])('may not take %s', (_, features, sentence) => {
    expect(() => createWorld({ features })).toThrow(sentence);
  });

  it('may not take the application’s methods, and yields to its channels', () => {
    const methods = { m: { handler: () => 1 } };
    expect(() => createWorld({ methods, features: [{ name: 'x', methods }] })).toThrow(
      'the method "m" is taken',
    );
    createWorld({ channels: { a: {} }, features: [{ name: 'x', channels: { a: { tier: 'ephemeral' } } }] });
  });

  it('reaches the core by its context alone', async () => {
    let context: FeatureContext | undefined;
    const world = createWorld({
      channels: { 'a:{x}': { authorize: ({ action }) => action === 'subscribe' } },
      features: [{ name: 'x', start: (given) => void (context = given) }],
    });
    await world.core.start();
    const client = await world.join('ada', 'a:1');
    const user = { id: 'ada', anonymous: false, claims: {} };
    expect(await context?.isAllowed(user, 'subscribe', 'a:1')).toBe(true);
    expect(await context?.isAllowed(user, 'publish', 'a:1')).toBe(false);
    expect(await context?.isAllowed(user, 'subscribe', 'none')).toBe(false);
    expect(context?.isSubscribed(client.id, 'a:1')).toBe(true);
    expect(context?.isSubscribed(client.id, 'a:2')).toBe(false);
    expect(context?.isSubscribed('nobody', 'a:1')).toBe(false);
    await context?.signal('a:1', 'moved', { x: 1 }, { from: 'ada' });
    await context?.publish('a:1', 'message', 'kept');
    await world.settle();
    expect(client.publications()).toEqual([
      { type: 'moved', channel: 'a:1', data: { x: 1 }, from: 'ada', timestamp: world.env.now() },
      expect.objectContaining({ data: 'kept', offset: 1 }),
    ]);
    await expect(context?.signal('none', 'moved', 1)).rejects.toMatchObject({ code: 'access_denied' });
    world.core.disconnect('ada');
    expect(context?.isSubscribed(client.id, 'a:1')).toBe(false);
  });

  it('hears of every channel that is left, and cannot keep a connection from ending by throwing', async () => {
    const left: string[] = [];
    const world = createWorld({
      features: [
        {
          name: 'broken',
          left: () => {
            throw new Error('no');
          },
        },
        { name: 'sound', left: ({ channel, user }) => void left.push(`${user.id} ${channel}`) },
      ],
    });
    const client = await world.join('ada', 'a');
    client.send({ type: 'subscribe', channel: 'b' });
    client.send({ type: 'subscribe', channel: 'c' });
    client.send({ type: 'unsubscribe', channel: 'a' });
    await world.settle();
    client.drop();
    await world.settle();
    expect(left).toEqual(['ada a', 'ada b', 'ada c']);
    expect(world.core.connections()).toEqual([]);
    expect(world.core.channels()).toEqual([]);
  });

  it('ends in the reverse order of its start, whatever the others do', async () => {
    const order: string[] = [];
    const make = (name: string, stop = (): void => {}): Feature => ({
      name,
      start: () => {
        order.push(`+${name}`);
        return () => {
          order.push(`-${name}`);
          stop();
        };
      },
    });
    const broken = make('b', () => {
      throw new Error('no');
    });
    const world = createWorld({ features: [make('a'), broken, make('c')] });
    await world.core.start();
    await world.core.close();
    expect(order).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
    expect(world.lines).toContainEqual(expect.objectContaining({ message: 'a feature did not stop' }));
  });
});
