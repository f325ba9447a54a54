import { describe, expect, it } from 'vitest';
import { pageLifecycle } from '../src/index.ts';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

describe('a page that is put away', () => {
  it('closes its socket on pagehide and opens a new one on pageshow', async () => {
    const { client, env, server, page, online } = createHarness();
    const socket = await online();
    page.emit('left');
    expect(socket.closedBy?.code).toBe(1000);
    expect(client.state).toBe('reconnecting');
    await env.advance(600_000);
    expect(server.sockets).toHaveLength(1);
    page.emit('returned');
    expect(server.sockets).toHaveLength(2);
  });

  it('is not confused by the old close that arrives after pageshow', async () => {
    const { client, server, page, states, online } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined);
    socket.subscribed('chat:a', { position: at(5) });
    page.emit('left');
    page.emit('returned');
    socket.close(1000);
    socket.publish('chat:a', 6);
    expect(client.state).toBe('reconnecting');
    server.socket.accept();
    socket.close(1006);
    expect(client.state).toBe('connected');
    expect(states.map(([state]) => state)).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(server.socket.last('subscribe')).toMatchObject({ since: at(5) });
  });

  it('dials neither from a timer nor for the application while it is away', async () => {
    const { client, env, server, page, online } = createHarness({ background: true });
    (await online()).close(1006);
    page.emit('left');
    client.connect();
    await env.advance(60_000);
    expect(server.sockets).toHaveLength(1);
  });

  it('keeps what was to be sent', async () => {
    const { client, server, page, online } = createHarness();
    await online();
    page.emit('left');
    void client.channel('chat:a').publish('message', 1);
    page.emit('returned');
    server.socket.accept();
    expect(server.socket.all('message')).toHaveLength(1);
  });
});

describe('a page that nobody looks at, or that is offline', () => {
  it('does not dial until it is seen', async () => {
    const { client, env, server, page } = createHarness();
    page.isActive = false;
    client.connect();
    await env.advance(60_000);
    expect(server.sockets).toEqual([]);
    expect(client.state).toBe('connecting');
    page.isActive = true;
    page.emit('woke');
    expect(server.sockets).toHaveLength(1);
  });

  it('does not dial again after a loss until it is seen', async () => {
    const { client, env, server, page, online } = createHarness();
    const socket = await online();
    page.isActive = false;
    await env.advance(10_000);
    expect(client.state).toBe('connected');
    socket.close(1006);
    await env.advance(600_000);
    expect(server.sockets).toHaveLength(1);
    expect(client.state).toBe('reconnecting');
    page.isActive = true;
    page.emit('woke');
    expect(server.sockets).toHaveLength(2);
  });

  it('dials all the same with background: true', async () => {
    const { client, server, page } = createHarness({ background: true });
    page.isActive = false;
    client.connect();
    expect(server.sockets).toHaveLength(1);
  });

  it('does not wait out the backoff once it is seen again', async () => {
    const { server, page, online } = createHarness();
    (await online()).close(1006);
    page.emit('woke');
    expect(server.sockets).toHaveLength(2);
  });
});

describe('the page’s own events', () => {
  it('become left, returned and woke, and only while somebody listens', () => {
    const hooks = new Map<string, (event: never) => void>();
    const document = { visibilityState: 'visible' };
    const navigator = { onLine: true };
    const lifecycle = pageLifecycle({
      document,
      navigator,
      addEventListener: (type, hook) => hooks.set(type, hook),
      removeEventListener: (type) => hooks.delete(type),
    });
    const fire = (type: string): void => hooks.get(type)?.({ type } as never);
    const heard: string[] = [];
    const stop = lifecycle.listen((event) => heard.push(event));
    for (const type of ['pagehide', 'pageshow', 'visibilitychange', 'resume', 'online']) fire(type);
    expect(heard).toEqual(['left', 'returned', 'woke', 'woke', 'woke']);
    document.visibilityState = 'hidden';
    fire('visibilitychange');
    expect(lifecycle.active()).toBe(false);
    document.visibilityState = 'visible';
    navigator.onLine = false;
    fire('online');
    expect(lifecycle.active()).toBe(false);
    expect(heard).toHaveLength(5);
    stop();
    expect(hooks.size).toBe(0);
  });

  it('are simply absent outside a browser', () => {
    const lifecycle = pageLifecycle({});
    expect(lifecycle.active()).toBe(true);
    expect(() => lifecycle.listen(() => undefined)()).not.toThrow();
  });
});
