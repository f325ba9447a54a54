import { describe, expect, it } from 'vitest';
import { createHarness } from './support/harness.ts';

describe('a close', () => {
  it('with 1000 ends in disconnected, and nothing but connect() starts again', async () => {
    const { client, env, server, online } = createHarness();
    (await online()).close(1000);
    expect(client.state).toBe('disconnected');
    client.channel('chat:a').on('message', () => undefined);
    await env.advance(120_000);
    expect(server.sockets).toHaveLength(1);
    client.connect();
    expect(client.state).toBe('connecting');
  });

  it.each([
    [1008, 'Authentication required'],
    [1008, 'Invalid token'],
    [1008, 'Session expired'],
    [4500, 'Disconnected'],
    [4999, ''],
  ])('with %i %s ends in failed and says why', async (code, reason) => {
    const { client, states, online } = createHarness();
    const socket = await online();
    socket.send({ type: 'error', code: 'session_expired', message: 'Session expired', retry: false });
    socket.close(code, reason);
    expect(client.state).toBe('failed');
    expect(states.at(-1)).toMatchObject([
      'failed',
      { previous: 'connected', code, reason, error: { code: 'session_expired' } },
    ]);
  });

  it.each([
    [1001, 'Going away'],
    [1006, ''],
    [1008, 'Server at capacity'],
    [1008, 'Authentication timeout'],
    [1009, 'Message too big'],
    [1012, 'Service restart'],
    [4008, 'Slow consumer'],
    [4029, 'Rate limit exceeded'],
  ])('with %i %s is followed by a reconnect', async (code, reason) => {
    const { env, server, states, online } = createHarness();
    (await online()).close(code, reason);
    expect(states.at(-1)).toMatchObject([
      'reconnecting',
      { previous: 'connected', code, reason, retryIn: 1000 },
    ]);
    await env.advance(1000);
    expect(server.sockets).toHaveLength(2);
  });

  it('before the first connection says reconnecting too', async () => {
    const { client, server, stateNames } = createHarness();
    client.connect();
    server.socket.close(1006);
    expect(stateNames()).toEqual(['connecting', 'reconnecting']);
  });

  it('by disconnect() is a 1000 to the server and final', async () => {
    const { client, env, server, online } = createHarness();
    const socket = await online();
    client.disconnect();
    expect(client.state).toBe('disconnected');
    expect(socket.closedBy?.code).toBe(1000);
    await env.advance(120_000);
    expect(server.sockets).toHaveLength(1);
  });

  it('of an address that is none ends in failed instead of throwing', () => {
    const { client, states } = createHarness({
      WebSocket: function Refusing() {
        throw new SyntaxError('no such scheme');
      } as never,
    });
    expect(() => client.connect()).not.toThrow();
    expect(states.at(-1)).toMatchObject(['failed', { error: { message: 'no such scheme' } }]);
  });
});

describe('an attempt', () => {
  it('that hangs is given up after connectTimeout and tried again', async () => {
    const { client, env, server, states } = createHarness();
    client.connect();
    await env.advance(15_000);
    expect(states.at(-1)).toMatchObject(['reconnecting', { error: { code: 'timeout' } }]);
    await env.advance(1000);
    expect(server.sockets).toHaveLength(2);
    expect(server.sockets[0]?.closedBy).toBeDefined();
  });

  it('goes to a WebSocket address even when given an http one', () => {
    const { server } = createHarness();
    const { client } = createHarness({ WebSocket: server.WebSocket });
    client.connect();
    expect(server.socket.url).toBe('ws://test/ws');
  });
});
