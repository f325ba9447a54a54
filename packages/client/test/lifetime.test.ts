import { describe, expect, it, vi } from 'vitest';
import { createHarness } from './support/harness.ts';

describe('a client', () => {
  it('touches nothing global when it is imported and made', async () => {
    const traps = [
      'WebSocket',
      'document',
      'window',
      'navigator',
      'location',
      'crypto',
      'performance',
      'setTimeout',
      'addEventListener',
    ];
    const touched: string[] = [];
    const saved = traps.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
    const { setTimeout: timer } = globalThis;
    vi.resetModules();
    const loaded = await import('../src/index.ts');
    try {
      for (const name of traps) {
        Object.defineProperty(globalThis, name, {
          configurable: true,
          get: () => touched.push(name) && timer,
        });
      }
      const client = loaded.createClient('/ws');
      client.onStateChange(() => undefined);
      const channel = client.channel('chat:a');
      channel.onStatus(() => undefined);
      expect([client.state, channel.status, channel.presence.members]).toEqual([
        'disconnected',
        'unsubscribed',
        [],
      ]);
    } finally {
      for (const [name, descriptor] of saved) {
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, descriptor);
      }
    }
    expect(touched).toEqual([]);
  });

  it('leaves nothing behind when it is disposed of, and twice is harmless', async () => {
    const { client, env, page, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    channel.on('message', () => undefined);
    channel.presence.onChange(() => undefined);
    void channel.publish('message', 1);
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1);
    client[Symbol.dispose]();
    client.dispose();
    channel.dispose();
    await env.advance(1000);
    expect(client.state).toBe('disconnected');
    expect(socket.closedBy?.code).toBe(1000);
    expect([env.pending(), page.listening]).toEqual([0, 0]);
  });

  it('lets a state listener connect and disconnect without mixing up the order', async () => {
    const { client, env, online, stateNames } = createHarness();
    const off = client.onStateChange((state) => {
      if (state === 'connected') client.disconnect();
      if (state === 'disconnected') client.connect();
    });
    await online();
    off();
    await env.settle();
    expect(stateNames()).toEqual(['connecting', 'connected', 'disconnected', 'connecting']);
  });

  it('ends the loops of its channels when it is disposed of', async () => {
    const { client, env, online } = createHarness();
    await online();
    const next = client.channel('chat:a')[Symbol.asyncIterator]().next();
    await env.settle();
    client.dispose();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('knows its user and connection while it has one', async () => {
    const { client, server } = createHarness();
    client.connect();
    server.socket.accept({ userId: '42', connectionId: 'c9', authentication: 'done' });
    expect([client.userId, client.connectionId]).toEqual(['42', 'c9']);
    server.socket.close(1006);
    expect([client.userId, client.connectionId]).toEqual(['42', undefined]);
    client.disconnect();
    expect(client.userId).toBeUndefined();
  });

  it('comes back as anonymous, though the server gives it another id on each connection', async () => {
    const { client, env, server } = createHarness();
    client.connect();
    server.socket.accept({ userId: 'anonymous:c1' });
    expect([client.state, client.userId]).toEqual(['connected', undefined]);
    server.socket.close(1006);
    await env.advance(1000);
    server.socket.accept({ userId: 'anonymous:c2' });
    expect([client.state, client.userId]).toEqual(['connected', undefined]);
  });

  it('takes an option that is undefined for one that is absent', async () => {
    const { client, env, online } = createHarness({
      linger: undefined,
      queue: { maxCount: undefined } as never,
    });
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined)();
    await env.advance(499);
    expect(socket.all('unsubscribe')).toEqual([]);
  });

  it('is not moved by an old socket whose close was waiting behind a new connection', async () => {
    const { client, env, server, online, stateNames } = createHarness();
    client.onStateChange((state) => {
      if (state !== 'connected' || server.sockets.length > 1) return;
      client.disconnect();
      client.connect();
      server.sockets[0]?.close(1006);
    });
    await online();
    await env.settle();
    expect(stateNames()).toEqual(['connecting', 'connected', 'disconnected', 'connecting']);
    expect(server.sockets).toHaveLength(2);
  });
});
