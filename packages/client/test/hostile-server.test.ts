import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

const types = [
  'welcome',
  'auth_success',
  'subscribed',
  'unsubscribed',
  'ack',
  'result',
  'pong',
  'error',
  'joined',
  'left',
  'presence',
  'reconnect',
  'behind',
  'message',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
];
const value = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      'chat:a',
      'user:7',
      '__proto__',
      'constructor',
      'e1',
      'access_denied',
      'unavailable',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(0, 1, 2, 3, -1, 1.5, 2 ** 53, 1e308, true, false, null) },
  fc.jsonValue({ maxDepth: 3 }),
  fc.record({ epoch: fc.constantFrom('e1', 'e2', ''), offset: fc.constantFrom(0, 1, 5, -1, 1e300) }),
  fc.array(fc.record({ userId: fc.string(), metas: fc.array(fc.jsonValue()) }, { requiredKeys: [] })),
);
const keys = [
  'id',
  'channel',
  'data',
  'offset',
  'epoch',
  'from',
  'timestamp',
  'position',
  'recovered',
  'code',
  'message',
  'retry',
  'after',
  'member',
  'members',
  'full',
  'dropped',
  'duplicate',
  'expiresAt',
  'userId',
  'limits',
  'authentication',
];
const frame = fc
  .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...keys), value))
  .map(([type, fields]) => JSON.stringify({ ...fields, type }));
const anything = fc.oneof(
  { weight: 8, arbitrary: frame },
  fc.json(),
  fc.string(),
  fc.uint8Array().map((bytes) => bytes.buffer),
  fc.constantFrom<unknown>(
    undefined,
    null,
    7,
    {},
    [],
    Symbol('x'),
    new Blob(['{}']),
    '{"type":"message","channel":"chat:a","data":1e999}',
  ),
);

describe('a hostile server', () => {
  const failures: unknown[] = [];
  const remember = (error: unknown): unknown => failures.push(error);

  beforeEach(() => {
    failures.length = 0;
    process.on('unhandledRejection', remember);
    vi.spyOn(console, 'error').mockImplementation(remember);
  });
  afterEach(() => {
    process.off('unhandledRejection', remember);
    vi.restoreAllMocks();
  });

  it('never makes the client throw, reject where nobody waits, or wedge', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 60 }), fc.boolean(), async (messages, greeted) => {
        const { client, env, server } = createHarness({ getToken: () => 't' });
        const channel = client.channel('chat:a', { ack: true });
        channel.onAny(() => undefined);
        channel.presence.onChange(() => undefined);
        channel.presence.update({ here: true });
        void channel.publish('message', 1);
        void channel.history();
        void channel.presence.get();
        void client.call('x');
        await env.settle();
        server.socket.open();
        if (greeted) server.socket.accept();
        for (const message of messages) {
          server.socket.raw(message);
          await env.settle();
        }
        expect(channel.presence.members).toBeInstanceOf(Array);

        server.onFrame = (socket, { type }) =>
          type === 'auth' && socket.send({ type: 'auth_success', userId: 'u' });
        server.onDial = (socket) => void Promise.resolve().then(() => socket.accept());
        client.disconnect();
        client.connect();
        await env.advance(100);
        expect(client.state).toBe('connected');
        client.dispose();
        await env.advance(61_000);
        expect(env.pending()).toBe(0);
        expect(failures).toEqual([]);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('sees its nonsense counted', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    for (const raw of ['{', '[]', '7', '{"type":7}', '{"type":"message"}', '{"type":"message","channel":5}'])
      socket.raw(raw);
    expect(client.stats().malformed).toBe(6);
    expect(client.state).toBe('connected');
  });

  it('cannot make the client send without end', async () => {
    const { client, env, server, online } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined);
    server.onFrame = (peer, { type, id }) => {
      if (type === 'subscribe')
        peer.send({ type: 'error', id, code: 'unavailable', message: '', retry: true, after: 0 });
    };
    socket.send({
      type: 'error',
      id: socket.last('subscribe')['id'],
      code: 'unavailable',
      message: '',
      retry: true,
      after: 0,
    });
    await env.advance(10_000);
    expect(socket.all('subscribe').length).toBeLessThan(75 + 10 * 50);
  });

  it('cannot fill the memory with subscriptions nobody asked for', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    for (let n = 0; n < 11_000; n += 1) {
      socket.send({ type: 'subscribed', channel: `c${n}`, position: at(1), recovered: false });
    }
    expect(client.channel('c1').status).toBe('subscribed');
    expect(client.channel('c10500').status).toBe('unsubscribed');
  });

  it('cannot answer what was never asked', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    channel.on('message', () => undefined);
    socket.send({ type: 'subscribed', channel: 'chat:a', id: 99, position: at(1), recovered: false });
    socket.publish('chat:a', 2);
    expect(channel.status).toBe('subscribing');
  });
});
