import { describe, expect, it, vi } from 'vitest';
import { createHarness } from './support/harness.ts';

const required = { authentication: 'required' };

describe('a token', () => {
  it('is fetched for every attempt and sent in the first frame, not in the address', async () => {
    let n = 0;
    const { client, env, server } = createHarness({ getToken: () => `t${(n += 1)}` });
    client.connect();
    await env.settle();
    server.socket.accept(required);
    expect(server.socket.url).not.toContain('t1');
    expect(server.socket.sent[0]).toMatchObject({ type: 'auth', token: 't1' });
    server.socket.close(1006);
    await env.advance(1000);
    server.socket.accept(required);
    expect(server.socket.sent[0]).toMatchObject({ type: 'auth', token: 't2' });
  });

  it('lets subscriptions follow without waiting, and everything else once it was accepted', async () => {
    const { client, env, server } = createHarness({ getToken: () => 't' });
    client.channel('chat:a').on('message', () => undefined);
    void client.channel('chat:a').publish('message', 1);
    await env.settle();
    server.socket.accept(required);
    expect(server.socket.sent.map(({ type }) => type)).toEqual(['auth', 'subscribe']);
    expect(client.state).toBe('connecting');
    server.socket.send({ type: 'auth_success', userId: '42' });
    expect(server.socket.sent.map(({ type }) => type)).toEqual(['auth', 'subscribe', 'message']);
    expect([client.state, client.userId]).toEqual(['connected', '42']);
  });

  it('that cannot be had counts as a failed attempt', async () => {
    const getToken = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new Error('offline'))
      .mockResolvedValue('t');
    const { client, env, server, states } = createHarness({ getToken });
    client.connect();
    await env.settle();
    expect(states.at(-1)).toMatchObject(['reconnecting', { retryIn: 1000, error: { message: 'offline' } }]);
    expect(server.sockets).toHaveLength(0);
    await env.advance(1000);
    expect(server.sockets).toHaveLength(1);
  });

  it('that never comes does not wedge the client', async () => {
    const getToken = vi.fn(() => new Promise<string>(() => undefined));
    const { client, env } = createHarness({ getToken });
    client.connect();
    await env.advance(16_000);
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  it('that comes after disconnect() opens nothing', async () => {
    let give: (token: string) => void = () => undefined;
    const { client, env, server } = createHarness({
      getToken: () => new Promise<string>((resolve) => (give = resolve)),
    });
    client.connect();
    await env.settle();
    client.disconnect();
    give('late');
    await env.settle();
    expect(server.sockets).toHaveLength(0);
  });

  it('of null connects without one', async () => {
    const { client, env, server } = createHarness({ getToken: () => null });
    client.connect();
    await env.settle();
    server.socket.accept();
    expect(server.socket.sent).toEqual([]);
    expect(client.state).toBe('connected');
  });

  it('that is missing where one is required ends in failed', async () => {
    const { client, env, server, states } = createHarness();
    client.connect();
    await env.settle();
    server.socket.accept(required);
    expect(states.at(-1)).toMatchObject(['failed', { error: { code: 'authentication_required' } }]);
  });

  it('refused three times in a row ends in failed', async () => {
    const { client, env, server } = createHarness({ getToken: () => 'bad' });
    client.connect();
    for (const ms of [1000, 2000]) {
      await env.settle();
      server.socket.accept(required);
      server.socket.close(1008, 'Invalid token');
      expect(client.state).toBe('reconnecting');
      await env.advance(ms);
    }
    server.socket.accept(required);
    server.socket.close(1008, 'Invalid token');
    expect(client.state).toBe('failed');
    expect(server.sockets).toHaveLength(3);
  });
});

describe('a session', () => {
  it('is renewed in place at 90 % of its time', async () => {
    let n = 0;
    const { client, env, server } = createHarness({ getToken: () => `t${(n += 1)}` });
    client.connect();
    await env.settle();
    server.socket.accept(required);
    server.socket.send({ type: 'auth_success', userId: '42', expiresAt: env.now() + 20_000 });
    await env.advance(17_999);
    expect(server.socket.all('auth')).toHaveLength(1);
    await env.advance(1);
    expect(server.socket.last('auth')).toMatchObject({ token: 't2' });
    expect(server.sockets).toHaveLength(1);
  });

  it('is asked about again when its renewal fails, and lives meanwhile', async () => {
    let calls = 0;
    const getToken = (): string => {
      calls += 1;
      if (calls === 2) throw new Error('offline');
      return 't';
    };
    const { client, env, server } = createHarness({ getToken });
    client.connect();
    await env.settle();
    server.socket.accept(required);
    server.socket.send({ type: 'auth_success', userId: '42', expiresAt: env.now() + 20_000 });
    await env.advance(18_000 + 4500);
    expect(server.socket.all('auth')).toHaveLength(2);
    expect(client.state).toBe('connected');
  });

  it('that a wrong clock sees as over is not renewed in a tight loop', async () => {
    const { client, env, server } = createHarness({ getToken: () => 't' });
    server.onFrame = (socket, { type }) => {
      if (type === 'auth')
        socket.send({ type: 'auth_success', userId: '42', expiresAt: env.now() - 1_000_000 });
    };
    client.connect();
    await env.settle();
    server.socket.accept(required);
    await env.advance(120_000);
    expect(server.socket.all('auth').length).toBeLessThan(10);
  });

  it('that ended comes back with a fresh token', async () => {
    let n = 0;
    const { client, env, server } = createHarness({ getToken: () => `t${(n += 1)}` });
    client.connect();
    await env.settle();
    server.socket.accept(required);
    server.socket.send({ type: 'auth_success', userId: '42' });
    server.socket.close(1008, 'Session expired');
    await env.advance(1000);
    server.socket.accept(required);
    expect(server.socket.sent[0]).toMatchObject({ token: 't2' });
  });

  it('that turns out to be another user’s is not renewed: the client fails and says so', async () => {
    const { client, env, server, states } = createHarness({ getToken: () => 't' });
    client.connect();
    await env.settle();
    server.socket.accept(required);
    server.socket.send({ type: 'auth_success', userId: '42' });
    server.socket.send({
      type: 'error',
      code: 'user_mismatch',
      message: '',
      retry: false,
      id: server.socket.last('auth')['id'],
    });
    expect(states.at(-1)).toMatchObject(['failed', { error: { code: 'user_mismatch' } }]);
  });

  it('of another user sends nothing that the first one wrote', async () => {
    const { client, env, server } = createHarness({ getToken: () => 't' });
    client.connect();
    await env.settle();
    server.socket.accept(required);
    server.socket.send({ type: 'auth_success', userId: '42' });
    server.socket.close(1006);
    const publish = client.channel('chat:a').publish('message', 'mine');
    await env.advance(1000);
    server.socket.accept(required);
    server.socket.send({ type: 'auth_success', userId: '43' });
    await expect(publish).rejects.toMatchObject({ code: 'disconnected' });
    expect(server.socket.all('message')).toEqual([]);
  });

  it('of nobody comes back, though each connection has another name', async () => {
    const { client, env, server } = createHarness();
    client.connect();
    await env.settle();
    for (const userId of ['anonymous:1', 'anonymous:2']) {
      server.socket.accept({ authentication: 'optional', userId });
      expect([client.state, client.userId]).toEqual(['connected', undefined]);
      server.socket.close(1006);
      await env.advance(1000);
    }
    expect(client.state).toBe('reconnecting');
  });
});
