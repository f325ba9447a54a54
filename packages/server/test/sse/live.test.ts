import { once } from 'node:events';
import { connect, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectEvents, connectRaw, type EventClient, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import type { ThrumDefinition } from '../../src/index.ts';
import { startServer } from '../support.ts';
import { dataOf, openStream, secret, seen, token } from './support.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

const text = 'x'.repeat(4096);
/** 8 MB: more than the kernel's buffers hold on both sides. */
const count = 2000;

/** Publishes so much, and says how much waited at most. */
async function flood({ app }: Server, channel: string): Promise<number> {
  let most = 0;
  for (let n = 1; n <= count; n += 1) {
    await app.publish(channel, 'message', { n, text } as never);
    for (const { bufferedBytes } of app.connections()) most = Math.max(most, bufferedBytes);
    // The network gets its turn.
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return most;
}

async function numbers(client: EventClient, to: number): Promise<number[]> {
  const taken: number[] = [];
  while (taken.at(-1) !== to)
    taken.push((JSON.parse((await client.next('message')).data) as { n: number }).n);
  return taken;
}

function numbersOf(client: EventClient): number[] {
  return seen(client, 'message').map((data) => (data as { readonly n: number }).n);
}

const all = Array.from({ length: count }, (_, index) => index + 1);

describe('a right that is withdrawn', () => {
  it('ends its channel and no other, and with the last channel the stream', async () => {
    await using server = await startServer({ auth: { secret } });
    const url = `${server.httpUrl}/events?channel=room:a&channel=room:b&token=${await token('alice')}`;
    await using client = await openStream(url, 2);
    server.app.unsubscribeUser('alice', 'room:a');
    expect(await dataOf(client, 1, 'thrum:unsubscribed')).toEqual([
      { channel: 'room:a', code: 'access_denied' },
    ]);
    await server.app.publish('room:a', 'message', 'secret' as never);
    await server.app.publish('room:b', 'message', 1 as never);
    expect(await dataOf(client, 1)).toEqual([1]);
    server.app.unsubscribeUser('alice', 'room:b');
    expect(await dataOf(client, 1, 'thrum:closed')).toEqual([{ code: 1000, reason: '' }]);
    await client.ended();
    expect(client.text).not.toContain('secret');
  });

  it('while the client was away keeps what was missed from it', async () => {
    let isAllowed = true;
    await using server = await startServer({
      channels: { 'room:{x}': { authorize: () => isAllowed }, open: {} },
    });
    const url = `${server.httpUrl}/events?channel=room:a&channel=open`;
    const first = await openStream(url, 2);
    first.close();
    await server.app.publish('room:a', 'message', 'secret' as never);
    isAllowed = false;
    await using second = await openStream(url, 1, { 'Last-Event-ID': first.lastId });
    expect(await dataOf(second, 1, 'thrum:error')).toMatchObject([
      { code: 'access_denied', channel: 'room:a' },
    ]);
    await server.app.publish('open', 'message', 1 as never);
    expect(await dataOf(second, 1)).toEqual([1]);
    expect(second.text).not.toContain('secret');
    // With the right comes what it gives: the place in the channel is still in the id.
    isAllowed = true;
    await using third = await openStream(url, 2, { 'Last-Event-ID': second.lastId });
    expect(await dataOf(third, 1)).toEqual(['secret']);
  });
});

describe('a user who is sent away', () => {
  it('is told so, and the stream ends', async () => {
    await using server = await startServer({ auth: { secret } });
    await using client = await openStream(
      `${server.httpUrl}/events?channel=room:a&token=${await token('alice')}`,
      1,
    );
    expect(server.app.disconnect('alice')).toBe(1);
    expect(await dataOf(client, 1, 'thrum:closed')).toEqual([{ code: 4500, reason: 'Disconnected' }]);
    await client.ended();
  });
});

describe('a reader that stops reading', () => {
  const outboxBytes = 262_144;

  // It is given three seconds to read the end of its stream.
  it('costs no more than its bound, is cut off, and resumes where it was', { timeout: 30_000 }, async () => {
    await using server = await startServer({
      limits: { outboxBytes, historyPage: count },
      channels: { 'room:{x}': { history: { size: count } } },
    });
    const url = `${server.httpUrl}/events?channel=room:a`;
    await using client = await openStream(url, 1);
    client.pause();
    const most = await flood(server, 'room:a');
    expect(most).toBeGreaterThan(65_536);
    expect(most).toBeLessThanOrEqual(outboxBytes + 16_384);
    await until(() => server.app.connections().length === 0, 'the stream was given up');
    client.resume();
    await client.ended();
    const got = numbersOf(client);
    let { lastId } = client;
    // What was missed is more than waits for one stream, so it comes in parts, as an EventSource would ask for them.
    while (got.at(-1) !== count) {
      await using again = await connectEvents(url, { headers: { 'Last-Event-ID': lastId } });
      await again.events.next(
        ({ event, data }) =>
          event === 'thrum:closed' || (event === 'message' && data.includes(`"n":${count},`)),
        () => 'the end of what was missed, or of the stream',
      );
      expect(seen(again, 'thrum:reset')).toEqual([]);
      got.push(...numbersOf(again));
      ({ lastId } = again);
    }
    expect(got).toEqual(all);
  });

  it('of a channel that may drop is told of the hole, and gets what was left out after all, in order', async () => {
    const definition: ThrumDefinition = {
      limits: { outboxBytes, historyPage: count },
      channels: { 'feed:{x}': { slow: 'drop-oldest', history: { size: count } } },
    };
    await using server = await startServer(definition);
    await using client = await openStream(`${server.httpUrl}/events?channel=feed:a`, 1);
    client.pause();
    expect(await flood(server, 'feed:a')).toBeLessThanOrEqual(outboxBytes + 16_384);
    client.resume();
    expect(await numbers(client, count)).toEqual(all);
    expect(seen(client, 'thrum:behind').length).toBeGreaterThan(0);
    expect(seen(client, 'thrum:reset')).toEqual([]);
  });

  it('and whose channel has lost it since is told that too', async () => {
    const definition: ThrumDefinition = {
      limits: { outboxBytes },
      channels: { 'feed:{x}': { slow: 'drop-oldest', history: { size: 10 } } },
    };
    await using server = await startServer(definition);
    await using client = await openStream(`${server.httpUrl}/events?channel=feed:a`, 1);
    client.pause();
    await flood(server, 'feed:a');
    client.resume();
    const { data } = await client.next('thrum:reset');
    expect(JSON.parse(data)).toMatchObject({ channel: 'feed:a', position: { offset: count } });
    await server.app.publish('feed:a', 'message', { n: count + 1 } as never);
    const got = await numbers(client, count + 1);
    expect(got).toEqual([...all.slice(0, got.length - 1), count + 1]);
  });

  it('for longer than deadSeconds is given up', async () => {
    const limits = { pingSeconds: 0.1, deadSeconds: 0.3, outboxBytes: 67_108_864 };
    await using server = await startServer({ limits });
    await using client = await openStream(`${server.httpUrl}/events?channel=room:a`, 1);
    client.pause();
    await flood(server, 'room:a');
    await until(() => server.app.connections().length === 0, 'the stream was given up');
  });
});

describe('a planned stop', () => {
  it('gives every stream a retry of its own and ends it, and it goes on elsewhere', async () => {
    const server = await startServer();
    const clients = await Promise.all(
      [1, 2, 3].map(() => openStream(`${server.httpUrl}/events?channel=room:a`, 1)),
    );
    const closed = server.close(5000);
    for (const client of clients) {
      expect(await dataOf(client, 1, 'thrum:closed')).toEqual([{ code: 1012, reason: 'Service restart' }]);
      await client.ended();
      expect(client.text).toMatch(/\nretry: 1\d{3}\n\nevent: thrum:closed\n/);
    }
    await closed;
  });

  it('at once ends every stream too, also one that does not read', async () => {
    const server = await startServer({ limits: { outboxBytes: 67_108_864 } });
    await using reads = await openStream(`${server.httpUrl}/events?channel=room:a`, 1);
    await using stuck = await openStream(`${server.httpUrl}/events?channel=room:b`, 1);
    stuck.pause();
    await flood(server, 'room:b');
    await server.close();
    expect(await dataOf(reads, 1, 'thrum:closed')).toEqual([{ code: 1001, reason: 'Going away' }]);
    expect(server.app.metrics).toMatchObject({ connections: 0, subscriptions: 0 });
  });
});

describe('an event', () => {
  it('published over WebSocket reaches a stream under its name, and a transient one too, without moving it', async () => {
    await using server = await startServer({
      channels: { 'room:{x}': {}, 'cursors:{x}': { tier: 'ephemeral' } },
    });
    await using stream = await openStream(`${server.httpUrl}/events?channel=room:a&channel=cursors:a`, 2);
    await using client = await connectRaw(server.url);
    await client.ask({ type: 'message', channel: 'room:a', event: 'notification', data: { n: 1 } });
    const first = await stream.next('notification');
    await client.ask({ type: 'message', channel: 'cursors:a', event: 'move', data: { x: 1 } });
    const second = await stream.next('move');
    expect([JSON.parse(first.data), JSON.parse(second.data)]).toEqual([{ n: 1 }, { x: 1 }]);
    expect(second.id).toBe(first.id);
  });
});

describe('over HTTP/2', () => {
  it('a stream is the same, without the headers that only HTTP/1 has', async () => {
    await using server = await startServer();
    // An application's own HTTP/2 server gives its requests to the same handler, in Node's compatible form.
    type Handler = { handle(request: Http2ServerRequest, response: Http2ServerResponse): void };
    type Inside = { readonly parts: { readonly http: { readonly edges: ReadonlyMap<string, Handler> } } };
    const { edges } = (server.app as unknown as Inside).parts.http;
    const http2 = createServer((request, response) => edges.get('/events')?.handle(request, response));
    http2.listen(0);
    await once(http2, 'listening');
    const session = connect(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
    const stream = session.request({ ':path': '/events?channel=room:a', origin: server.httpUrl });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream' });
    expect(headers).not.toHaveProperty('connection');
    let received = '';
    stream.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await until(() => received.includes('thrum:subscribed'), 'the stream has begun');
    await server.app.publish('room:a', 'message', { n: 1 } as never);
    await until(() => received.includes('data: {"n":1}\nid: '), 'the event has come');
    stream.close();
    await until(() => server.app.connections().length === 0, 'the connection is gone');
    session.destroy();
    http2.close();
  });
});

describe('a stream that is closed while it is being opened', () => {
  it('leaves nothing behind', async () => {
    let asked = 0;
    const { promise: answer, resolve } = Promise.withResolvers<boolean>();
    await using server = await startServer({
      channels: { 'room:{x}': { authorize: () => ((asked += 1), answer) } },
    });
    const opening = connectEvents(`${server.httpUrl}/events?channel=room:a`).catch(() => undefined);
    await until(() => asked === 1, 'the hook was asked');
    const [connection] = server.app.connections();
    expect(connection?.channels).toEqual([]);
    const closed = server.close();
    await closed;
    resolve(true);
    const client = await opening;
    client?.close();
    expect(server.app.connections()).toEqual([]);
  });
});
