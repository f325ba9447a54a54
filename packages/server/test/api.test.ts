import { connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { createLog, createThrum, mintToken, reject } from '../src/index.ts';
import { createServer } from 'node:http';
import { silentLog, startServer } from './support.ts';

const secret = 'a secret of at least thirty-two bytes';

async function tokenUrl(url: string, userId: string): Promise<string> {
  return `${url}?token=${await mintToken({ secret, userId })}`;
}

describe('user:{id}', () => {
  it('is there by itself, and only that user gets what is published to it', async () => {
    await using server = await startServer({ channels: {}, auth: { secret } });
    await using ada = await connectRaw(await tokenUrl(server.url, 'ada'));
    await using eve = await connectRaw(await tokenUrl(server.url, 'eve'));
    expect(await ada.ask({ type: 'subscribe', channel: 'user:ada' })).toMatchObject({ type: 'subscribed' });
    expect(await eve.ask({ type: 'subscribe', channel: 'user:ada' })).toMatchObject({
      code: 'access_denied',
    });
    expect(await eve.ask({ type: 'history', channel: 'user:ada' })).toMatchObject({ code: 'access_denied' });
    expect(await ada.ask({ type: 'message', channel: 'user:ada', data: 1 })).toMatchObject({
      code: 'access_denied',
    });
    const { position } = await server.app.publishToUser('ada', 'notification', { n: 1 });
    expect(await ada.next('notification')).toMatchObject({ channel: 'user:ada', data: { n: 1 }, offset: 1 });
    expect(position?.offset).toBe(1);
    await eve.expectNothing('notification');
  });

  it('is closed to those who came without a token', async () => {
    await using server = await startServer({ channels: {} });
    await using client = await connectRaw(server.url);
    const { userId } = await client.take();
    expect(await client.ask({ type: 'subscribe', channel: `user:${String(userId)}` })).toMatchObject({
      code: 'access_denied',
    });
  });

  it('gives way to the application’s own definition, whatever its parameter is called', async () => {
    await using server = await startServer({
      channels: { 'user:{name}': { authorize: () => true } },
      auth: { secret },
    });
    await using eve = await connectRaw(await tokenUrl(server.url, 'eve'));
    expect(await eve.ask({ type: 'subscribe', channel: 'user:ada' })).toMatchObject({ type: 'subscribed' });
  });
});

describe('the in-process API', () => {
  it('publishes, broadcasts, reads, subscribes and disconnects', async () => {
    await using server = await startServer({ auth: { secret } });
    const { app } = server;
    await using ada = await connectRaw(await tokenUrl(server.url, 'ada'));
    expect(await app.subscribeUser('ada', 'room:x')).toBe(1);
    expect(await ada.next('subscribed')).toMatchObject({ channel: 'room:x' });
    const results = await app.broadcast(['room:x', 'room:y', 'thrum:no'], 'hello', 1);
    expect(results.map((result) => result instanceof Error)).toEqual([false, false, true]);
    expect(await ada.next('hello')).toMatchObject({ channel: 'room:x' });
    expect((await app.history('room:y')).publications).toHaveLength(1);
    expect(app.presence('room:x')).toMatchObject([{ userId: 'ada' }]);
    expect(app.channels()).toMatchObject([{ channel: 'room:x', subscribers: 1 }]);
    expect(app.connections()).toMatchObject([
      { userId: 'ada', transport: 'websocket', address: '127.0.0.1' },
    ]);
    expect(app.metrics.published).toBe(2);
    expect(app.limits.channels).toBe(100);
    expect(app.unsubscribeUser('ada', 'room:x')).toBe(1);
    expect(await ada.next('unsubscribed')).toMatchObject({ code: 'access_denied' });
    expect(app.disconnect('ada')).toBe(1);
    expect(await ada.closed()).toEqual({ code: 4500, reason: 'Disconnected' });
  });

  it('refuses what no definition fits', async () => {
    await using server = await startServer({ channels: {} });
    await expect(server.app.publish('chat:x', 'message', 1)).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('lets methods answer, and refuse with a sentence', async () => {
    const divide = {
      handler: () => {
        throw reject('b must not be 0');
      },
    };
    await using server = await startServer({ methods: { divide, add: { handler: () => 3 } } });
    await using client = await connectRaw(server.url);
    expect(await client.ask({ type: 'call', method: 'add' })).toMatchObject({ type: 'result', data: 3 });
    expect(await client.ask({ type: 'call', method: 'divide' })).toMatchObject({
      code: 'rejected',
      message: 'b must not be 0',
    });
  });

  it('starts features before it listens, and ends them when it closes', async () => {
    const order: string[] = [];
    const start = () => {
      order.push('start');
      return () => void order.push('stop');
    };
    await using server = await startServer({ features: [{ name: 'one', start }] });
    expect(order).toEqual(['start']);
    await server.app.close({ drainMs: 0 });
    expect(order).toEqual(['start', 'stop']);
  });

  it('says which address is taken', async () => {
    await using server = await startServer();
    await using other = createThrum({ log: silentLog });
    await expect(other.listen({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it.each([
    ['origins', { origins: ['example.com'] }],
    ['deadSeconds', { limits: { pingSeconds: 40 } }],
    ['createTokenAuth', { auth: {} }],
  ])('refuses a definition that cannot work and names %s', (name, definition) => {
    expect(() => createThrum(definition)).toThrow(name);
  });
});

describe('the server’s log', () => {
  it('shows no token, whatever happens to the connection that brought it', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
    const token = await mintToken({ secret, userId: 'ada' });
    await using server = await startServer({ log, auth: { secret } });
    await using good = await connectRaw(`${server.url}?token=${token}`);
    await good.take();
    await using bad = await connectRaw(`${server.url}?token=${token}x`);
    await bad.closed();
    const headers = { Origin: 'https://evil.example' };
    await expect(connectRaw(`${server.url}?token=${token}`, { headers })).rejects.toThrow('403');
    await fetch(`${server.httpUrl}/missing?token=${token}`);
    await good.ask({ type: 'auth', token: 'another-secret-token' }).catch(() => undefined);
    await server.app.close({ drainMs: 0 });
    expect(lines.join('')).toContain('handshake refused');
    expect(lines.join('')).not.toContain(token.slice(0, 20));
    expect(lines.join('')).not.toContain('another-secret-token');
  });
});

describe('createServer of an application', () => {
  it('may be attached before it listens', async () => {
    const server = createServer();
    await using thrum = createThrum({
      channels: { news: {} },
      log: silentLog,
    });
    thrum.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await using client = await connectRaw(`ws://127.0.0.1:${port}/ws`);
    expect(await client.ask({ type: 'subscribe', channel: 'news' })).toMatchObject({ type: 'subscribed' });
    server.close();
  });
});
