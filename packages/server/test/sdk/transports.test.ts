import { type Client, type ClientOptions, createClient, type TransportName } from '@thrum/client';
import { startHttpProxy, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/index.ts';
import { startServer } from '../support.ts';

const secret = 'a secret of at least thirty-two bytes';
const transports: readonly TransportName[] = ['websocket', 'sse', 'longpoll'];

function connect(url: string, transport: TransportName, options: ClientOptions = {}): Client {
  return createClient(url, { transports: [transport], backoff: { base: 20, max: 200 }, ...options });
}

describe.each(transports)('the SDK over %s', (transport) => {
  it('publishes, subscribes, asks for history and members, and says how it travels', async () => {
    await using server = await startServer();
    using ada = connect(server.url, transport);
    const room = ada.channel('room:a');
    const got: unknown[] = [];
    room.on('message', ({ data }) => got.push(data));
    const [first, second] = await Promise.all([1, 2].map((n) => room.publish('message', n)));
    expect([first?.position?.offset, second?.position?.offset]).toEqual([1, 2]);
    await until(() => got.length === 2, 'both have come');
    expect(got).toEqual([1, 2]);
    expect((await room.history()).publications.map(({ data }) => data)).toEqual([1, 2]);
    expect(ada.transport).toBe(transport);
    expect(ada.connectionId).toBeDefined();
    expect(server.app.connections().length).toBe(1);
  });

  it('repeats a publish whose connection broke, and recovers what it missed', async () => {
    await using server = await startServer();
    await using proxy = await startHttpProxy(server.httpUrl);
    using ada = connect(proxy.url, transport);
    const room = ada.channel('room:a');
    const got: unknown[] = [];
    const statuses: string[] = [];
    room.on('message', ({ data }) => got.push(data));
    room.onStatus(({ type }) => statuses.push(type));
    await room.publish('message', 1);
    await until(() => got.length === 1, 'the first has come');
    proxy.cut();
    // Polls are repeated: to them this is no loss of the connection.
    if (transport !== 'longpoll') await until(() => ada.state === 'reconnecting', 'the loss is known');
    await server.app.publish('room:a', 'message', 2);
    expect((await room.publish('message', 3)).position?.offset).toBe(3);
    await until(() => got.length === 3, 'all have come');
    expect(got).toEqual([1, 2, 3]);
    expect(statuses).not.toContain('reset');
    expect(room.status).toBe(transport === 'longpoll' ? 'subscribed' : 'recovered');
  });

  it('tells a refused token, and stays away', async () => {
    await using server = await startServer({ auth: { secret } });
    using ada = connect(server.url, transport, { getToken: () => 'forged' });
    ada.connect();
    let reason: unknown;
    ada.onStateChange((_, info) => (reason = info.reason));
    await until(() => ada.state === 'failed', 'it has failed');
    expect(reason).toBe('Invalid token');
  });

  it('renews its session on the living connection', async () => {
    await using server = await startServer({ auth: { secret, clockTolerance: '0s' } });
    let asked = 0;
    using ada = connect(server.url, transport, {
      getToken: () => {
        asked += 1;
        return mintToken({ secret, userId: 'ada', ttl: asked === 1 ? '2s' : '1h' });
      },
    });
    const closes: unknown[] = [];
    ada.connect();
    await until(() => ada.state === 'connected', 'it is connected');
    const { connectionId } = ada;
    ada.onStateChange((state, { reason }) => closes.push([state, reason]));
    await until(() => asked === 2, 'it was renewed');
    // The first token's time is over when this one is answered.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await ada.channel('room:a').publish('message', 1);
    expect(closes).toEqual([]);
    expect([ada.connectionId, ada.userId]).toEqual([connectionId, 'ada']);
  });

  it('leaves when it is told to, before the server ends, and comes back to the next one', async () => {
    const server = await startServer();
    using ada = connect(server.url, transport);
    const room = ada.channel('room:a');
    room.on('message', () => undefined);
    await until(() => room.status === 'subscribed', 'it is subscribed');
    const { connectionId } = ada;
    const codes: unknown[] = [];
    ada.onStateChange((_, { code }) => codes.push(code));
    await server.close(300);
    await until(() => codes.length > 0, 'it has left');
    // By itself, or as it was told to at that moment; not lost.
    expect([undefined, 1012]).toContain(codes[0]);
    await using next = await startServer({}, { port: server.port });
    await until(() => ada.state === 'connected', 'it is back');
    expect(ada.connectionId).not.toBe(connectionId);
    // The other log is told.
    await until(() => room.status === 'reset', 'it was reset');
    expect(next.app.connections().length).toBe(1);
  });

  it('is told how the server closed it', async () => {
    await using server = await startServer({ auth: { secret } });
    using ada = connect(server.url, transport, { getToken: () => mintToken({ secret, userId: 'ada' }) });
    ada.connect();
    await until(() => ada.state === 'connected', 'it is connected');
    let close: unknown;
    ada.onStateChange((_, { code, reason }) => (close = { code, reason }));
    server.app.disconnect('ada');
    await until(() => ada.state === 'failed', 'it has failed');
    expect(close).toEqual({ code: 4500, reason: 'Disconnected' });
  });

  it('leaves nothing behind when it is disposed of', async () => {
    await using server = await startServer();
    await using proxy = await startHttpProxy(server.httpUrl);
    const ada = connect(proxy.url, transport);
    const room = ada.channel('room:a');
    room.on('message', () => undefined);
    await room.publish('message', 1);
    // What is said last still goes.
    void room.publish('message', 2, { queue: false });
    ada.dispose();
    await until(() => server.app.connections().length === 0, 'the server knows');
    expect((await server.app.history('room:a')).publications.map(({ data }) => data)).toEqual([1, 2]);
    const asked = proxy.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(proxy.requests).toHaveLength(asked);
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
