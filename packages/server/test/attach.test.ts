import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectRaw, exchange, openSocket, upgradeRequest } from '@thrum/testkit';
import { silentLog } from './support.ts';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { createThrum } from '../src/index.ts';

interface Host extends AsyncDisposable {
  readonly server: Server;
  readonly url: string;
}

async function host(handle: RequestListener = (_request, response) => response.end('app')): Promise<Host> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    server,
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: close,
  };
}

const definition = { channels: { 'room:{name}': {} }, log: silentLog };

async function upgrade(url: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = await openSocket(url);
  const { status, rest } = await exchange(socket, upgradeRequest('127.0.0.1', { path, headers }));
  socket.destroy();
  return `${status} ${rest.toString()}`;
}

describe('Thrum attached to an application’s server', () => {
  it('serves its path and leaves every request to the application', async () => {
    await using app = await host();
    await using thrum = createThrum(definition);
    thrum.attach(app.server);
    await using client = await connectRaw(`${app.url}/ws`);
    expect(await client.ask({ type: 'subscribe', channel: 'room:x' })).toMatchObject({ type: 'subscribed' });
    await thrum.publish('room:x', 'hello', { n: 1 });
    expect(await client.next('hello')).toMatchObject({ data: { n: 1 } });
    for (const path of ['/', '/ws', '/healthz', '/playground/token']) {
      expect(await (await fetch(app.url.replace('ws', 'http') + path)).text()).toBe('app');
    }
  });

  it('leaves upgrades of other paths to other listeners, whoever came first', async () => {
    await using app = await host();
    await using thrum = createThrum(definition);
    const other = new WebSocketServer({ noServer: true });
    other.on('connection', (socket) => socket.send('other'));
    const take = (): void => {
      app.server.on('upgrade', (request, socket, head) => {
        if (request.url === '/other')
          other.handleUpgrade(request, socket, head, (ws) => other.emit('connection', ws));
      });
    };
    take();
    thrum.attach(app.server);
    await using theirs = await connectRaw(`${app.url}/other`);
    expect(await theirs.take()).toMatchObject({ text: 'other' });
    await using ours = await connectRaw(`${app.url}/ws`);
    expect(await ours.take()).toMatchObject({ type: 'welcome' });
  });

  it('leaves an upgrade that nobody wants to the application, as if it were not there', async () => {
    await using app = await host();
    await using thrum = createThrum(definition);
    const before = await upgrade(app.url, '/nobody');
    thrum.attach(app.server);
    expect(await upgrade(app.url, '/nobody')).toBe(before);
    // Java's HTTP client offers h2c with its first request.
    expect(await upgrade(app.url, '/api', { Upgrade: 'h2c' })).toContain('200 ');
  });

  it('answers such an upgrade with 404 on a Node that gives it no other way', async () => {
    await using app = await host();
    (app.server as { shouldUpgradeCallback?: unknown }).shouldUpgradeCallback = () => true;
    await using thrum = createThrum(definition);
    thrum.attach(app.server);
    (app.server as { shouldUpgradeCallback?: unknown }).shouldUpgradeCallback = () => true;
    expect(await upgrade(app.url, '/nobody')).toContain('404 ');
  });

  it('sits beside another Thrum on another path', async () => {
    await using app = await host();
    await using one = createThrum({ ...definition, node: 'one' });
    await using two = createThrum({ ...definition, node: 'two' });
    one.attach(app.server, { path: '/one' });
    two.attach(app.server, { path: '/two' });
    await using first = await connectRaw(`${app.url}/one`);
    await using second = await connectRaw(`${app.url}/two`);
    expect(await first.take()).toMatchObject({ node: 'one' });
    expect(await second.take()).toMatchObject({ node: 'two' });
    expect(await upgrade(app.url, '/three')).toContain('200 app');
  });

  it('asks for the headers, origin and token that a server of its own would ask for', async () => {
    await using app = await host();
    await using thrum = createThrum({ ...definition, origins: ['https://example.com'] });
    thrum.attach(app.server);
    expect(await upgrade(app.url, '/ws', { Origin: 'https://evil.com' })).toContain('403 ');
    expect(await upgrade(app.url, '/ws', { 'X-Long': 'x'.repeat(8200) })).toContain('431 ');
    expect(await upgrade(app.url, '/ws?x=1', { Origin: 'https://example.com' })).toContain('101 ');
  });

  it('is gone after it was taken off, and leaves the server as it was', async () => {
    await using app = await host();
    await using thrum = createThrum(definition);
    const { shouldUpgradeCallback } = app.server as { shouldUpgradeCallback?: unknown };
    const detach = thrum.attach(app.server);
    detach();
    expect(app.server.listenerCount('upgrade')).toBe(0);
    expect((app.server as { shouldUpgradeCallback?: unknown }).shouldUpgradeCallback).toBe(
      shouldUpgradeCallback,
    );
    expect(await upgrade(app.url, '/ws')).toContain('200 app');
  });

  it('is closed without closing the application’s server', async () => {
    await using app = await host();
    const thrum = createThrum(definition);
    thrum.attach(app.server);
    await using client = await connectRaw(`${app.url}/ws`);
    await thrum.close({ drainMs: 0 });
    expect(await client.closed()).toEqual({ code: 1001, reason: 'Going away' });
    expect(app.server.listening).toBe(true);
    expect(app.server.listenerCount('upgrade')).toBe(0);
    expect(await (await fetch(app.url.replace('ws', 'http'))).text()).toBe('app');
  });

  it('refuses upgrades when a feature did not start', async () => {
    await using app = await host();
    const feature = { name: 'broken', start: () => Promise.reject(new Error('no')) };
    await using thrum = createThrum({ ...definition, features: [feature] });
    thrum.attach(app.server);
    expect(await upgrade(app.url, '/ws')).toContain('503 ');
  });
});
