import { describe, expect, it } from 'vitest';
import { createHarness } from './support/harness.ts';

describe('a silent connection', () => {
  it('is asked after 30 seconds and given up 5 seconds later', async () => {
    const { client, env, states, online } = createHarness();
    const socket = await online();
    await env.advance(29_999);
    expect(socket.all('ping')).toEqual([]);
    await env.advance(1);
    expect(socket.all('ping')).toHaveLength(1);
    await env.advance(4999);
    expect(client.state).toBe('connected');
    await env.advance(1);
    expect(states.at(-1)).toMatchObject(['reconnecting', { code: 4000, reason: 'Heartbeat timeout' }]);
    expect(socket.closedBy).toEqual({ code: 4000, reason: 'Heartbeat timeout' });
  });

  it('lives on when anything at all comes', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    await env.advance(30_000);
    socket.raw('garbage');
    await env.advance(34_999);
    expect(client.state).toBe('connected');
  });

  it('is not asked while the server talks', async () => {
    const { env, online } = createHarness();
    const socket = await online();
    for (let n = 0; n < 10; n += 1) {
      await env.advance(20_000);
      socket.send({ type: 'pong' });
    }
    expect(socket.all('ping')).toEqual([]);
  });

  it('is not given up because the machine slept through the deadline', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    await env.advance(30_000);
    env.sleep(3_600_000);
    await env.advance(0);
    expect(client.state).toBe('connected');
    expect(socket.all('ping')).toHaveLength(2);
    socket.send({ type: 'pong' });
    await env.advance(5000);
    expect(client.state).toBe('connected');
  });
});

describe('a page that wakes', () => {
  it('asks at once, and leaves a dead socket after 2.5 seconds', async () => {
    const { client, env, page, online } = createHarness();
    const socket = await online();
    page.emit('woke');
    expect(socket.all('ping')).toHaveLength(1);
    await env.advance(2499);
    expect(client.state).toBe('connected');
    await env.advance(1);
    expect(client.state).toBe('reconnecting');
  });

  it('keeps a socket that answers', async () => {
    const { client, env, page, server, online } = createHarness();
    const socket = await online();
    page.emit('woke');
    socket.send({ type: 'pong' });
    await env.advance(10_000);
    expect(client.state).toBe('connected');
    expect(server.sockets).toHaveLength(1);
  });
});

describe('a server that drains', () => {
  it('is left and dialed again when the time it gave has come', async () => {
    const { client, env, server, online } = createHarness();
    const socket = await online();
    socket.send({ type: 'reconnect', after: 3000, reason: 'Service restart' });
    await env.advance(2999);
    expect(server.sockets).toHaveLength(1);
    await env.advance(1);
    expect(socket.closedBy?.code).toBe(1000);
    expect(server.sockets).toHaveLength(2);
    expect(client.state).toBe('reconnecting');
  });

  it('that closes earlier is dialed again at the time it gave all the same', async () => {
    const { env, server, states, online } = createHarness();
    const socket = await online();
    socket.send({ type: 'reconnect', after: 3000, reason: 'Service restart' });
    await env.advance(1000);
    socket.close(1012, 'Service restart');
    expect(states.at(-1)?.[1].retryIn).toBe(2000);
    await env.advance(2000);
    expect(server.sockets).toHaveLength(2);
    server.socket.close(1006);
    expect(states.at(-1)?.[1].retryIn).toBe(1000);
  });

  it('cannot send a client away for longer than five minutes, nor with nonsense', async () => {
    for (const after of [1e300, -1, 'soon', null]) {
      const { env, server, online } = createHarness();
      const socket = await online();
      server.onFrame = (peer, { type }) => type === 'ping' && peer.send({ type: 'pong' });
      server.onDial = (peer) => void Promise.resolve().then(() => peer.accept());
      socket.send({ type: 'reconnect', after, reason: '' });
      await env.advance(300_000);
      expect(server.sockets).toHaveLength(2);
    }
  });
});
