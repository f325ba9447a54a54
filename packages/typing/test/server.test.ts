import { settle, VirtualEnv } from '@thrum/testkit';
import { type Core, createCore, createMemoryBroker, type Log, type Session } from '@thrum/core';
import { jsonCodec } from '@thrum/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { typing } from '../src/server/index.ts';

type Frame = Record<string, unknown>;

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A connection over memory. */
function connect(
  core: Core,
  userId: string,
): { readonly session: Session; readonly frames: Frame[]; send(frame: Frame): void } {
  const frames: Frame[] = [];
  const session = core.accept(
    {
      kind: 'memory',
      codec: jsonCodec,
      bufferedBytes: 0,
      send: (message) => void frames.push(jsonCodec.decode(message as Uint8Array) as Frame),
      close: () => {},
    },
    { authentication: { ok: true, identity: { userId } } },
  );
  return { session, frames, send: (frame) => session.receive(JSON.stringify(frame)) };
}

describe('typing', () => {
  let env: VirtualEnv;
  let core: Core;
  let ada: ReturnType<typeof connect>;
  let bob: ReturnType<typeof connect>;

  beforeEach(async () => {
    env = new VirtualEnv();
    core = createCore({
      env,
      log: silent,
      broker: createMemoryBroker(env),
      auth: { authenticate: (token) => ({ userId: token }) },
      channels: {
        'chat:{room}': {},
        'read:{room}': { authorize: ({ action }) => action !== 'publish' },
        'strict:{room}': {
          events: { message: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } } },
        },
      },
      features: [typing()],
    });
    await core.start();
    ada = connect(core, 'ada');
    bob = connect(core, 'bob');
    for (const channel of ['chat:1', 'read:1', 'strict:1']) {
      ada.send({ type: 'subscribe', channel });
      bob.send({ type: 'subscribe', channel });
    }
    await settle();
  });

  const seen = (client: { readonly frames: Frame[] }) =>
    client.frames
      .filter(({ type }) => type === 'typing')
      .map(({ channel, data, from }) => [channel, from, data]);
  const on = ['chat:1', 'ada', { userId: 'ada', active: true }];
  const off = ['chat:1', 'ada', { userId: 'ada', active: false }];
  const start = { type: 'typing', channel: 'chat:1' };

  it('is told to everyone in the channel, without a place in the log', async () => {
    ada.send({ ...start, active: true });
    await settle();
    expect(seen(bob)).toEqual([on]);
    expect(bob.frames.at(-1)).not.toHaveProperty('offset');
    expect((await core.history('chat:1')).publications).toEqual([]);
  });

  it('stops by itself after five silent seconds, and goes on while it is repeated', async () => {
    ada.send(start);
    await env.advance(4000);
    ada.send(start);
    await env.advance(4999);
    expect(seen(bob)).toEqual([on, on]);
    await env.advance(1);
    expect(seen(bob)).toEqual([on, on, off]);
    await env.advance(20_000);
    expect(seen(bob)).toHaveLength(3);
  });

  it.each<[string, () => void]>([
    ['says so', () => ada.send({ ...start, active: false })],
    ['leaves the channel', () => ada.send({ type: 'unsubscribe', channel: 'chat:1' })],
    ['disconnects', () => ada.session.closed(1006, '')],
    ['is taken out of the channel', () => void core.unsubscribeUser('ada', 'chat:1')],
  ])('stops once when somebody %s', async (_, stop) => {
    ada.send(start);
    await settle();
    stop();
    await env.advance(20_000);
    expect(seen(bob)).toEqual([on, off]);
  });

  it('does not stop what never began', async () => {
    ada.send({ ...start, active: false });
    await settle();
    expect(seen(bob)).toEqual([]);
  });

  it.each<[string, Frame, string]>([
    ['a channel that was not joined', { channel: 'chat:2' }, 'not_subscribed'],
    ['an unknown channel', { channel: 'none' }, 'not_subscribed'],
    ['a channel where one may not publish', { channel: 'read:1' }, 'access_denied'],
    ['no channel', { channel: 5 }, 'invalid_channel'],
    ['a name that is none', { channel: 'thrum:x' }, 'invalid_channel'],
    ['a flag that is none', { channel: 'chat:1', active: 'yes' }, 'invalid_frame'],
  ])('in %s is refused', async (_, fields, code) => {
    ada.send({ type: 'typing', ...fields, id: 1 });
    await settle();
    expect(ada.frames.at(-1)).toMatchObject({ type: 'error', code, id: 1 });
    expect(seen(bob)).toEqual([]);
  });

  it('works where the channel names its events', async () => {
    ada.send({ type: 'typing', channel: 'strict:1', id: 1 });
    await settle();
    expect(seen(bob)).toHaveLength(1);
    expect(ada.frames.find(({ type }) => type === 'result')).toEqual({ type: 'result', data: null, id: 1 });
  });

  it('leaves no timer behind when the node stops, also if a frame was being checked', async () => {
    ada.send(start);
    await settle();
    bob.send(start);
    await core.close();
    ada.session.closed(1001, '');
    bob.session.closed(1001, '');
    await env.advance(60_000);
    expect(core.connections()).toEqual([]);
    expect(seen(bob)).toEqual([on]);
  });

  it('cannot be forged for another user', async () => {
    ada.send({ type: 'typing', channel: 'chat:1', userId: 'bob', from: 'bob' });
    await settle();
    expect(seen(bob)).toEqual([on]);
  });
});
