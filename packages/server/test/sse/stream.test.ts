import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exchange, openSocket, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support.ts';
import { dataOf, openStream, seen } from './support.ts';

const rooms = '/events?channel=room:a&channel=room:b';

describe('a stream of events', () => {
  it('is, byte for byte, what the protocol says', async () => {
    await using server = await startServer();
    const socket = await openSocket(server.httpUrl);
    const { status, headers, rest } = await exchange(
      socket,
      'GET /events?channel=room:a HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('connection')).toBe('keep-alive');
    let text = rest.toString();
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.resume();
    await server.app.publish('room:a', 'update', { line: 'one\ntwo' } as never);
    await expect.poll(() => text).toContain('update');
    const [connected, subscribed, update] = text
      .replaceAll(/[\da-f]+\r\n/gi, '')
      .replaceAll('\r\n', '')
      .split('\n\n');
    expect(connected).toMatch(
      /^retry: \d{4}\nevent: connected\ndata: \{"message":"Connected to event stream","connectionId":"[\w-]+","channels":\["room:a"\]\}\nid: [\w-]+$/,
    );
    expect(subscribed).toMatch(
      /^event: thrum:subscribed\ndata: \{"channel":"room:a","position":\{"epoch":"[\w-]+","offset":0\},"recovered":false\}\nid: [\w-]+$/,
    );
    expect(update).toMatch(/^event: update\ndata: \{"line":"one\\ntwo"\}\nid: [\w-]+$/);
    socket.destroy();
  });

  it('goes on after a drop with what was missed in each channel, in order, once', async () => {
    await using server = await startServer();
    const url = server.httpUrl + rooms;
    const first = await openStream(url, 2);
    const publish = async (channel: string, data: object): Promise<void> => {
      await server.app.publish(channel, 'message', data as never);
    };
    // Each is awaited by its reader, for what is published in one turn comes channel by channel.
    await publish('room:a', { a: 1 });
    expect(await dataOf(first, 1)).toEqual([{ a: 1 }]);
    await publish('room:b', { b: 1 });
    expect(await dataOf(first, 1)).toEqual([{ b: 1 }]);
    await publish('room:a', { a: 2 });
    expect(await dataOf(first, 1)).toEqual([{ a: 2 }]);
    for (const [channel, data] of [
      ['room:a', { a: 3 }],
      ['room:b', { b: 2 }],
      ['room:b', { b: 3 }],
    ] as const)
      await publish(channel, data);
    const [, , third] = first.events.seen.filter(({ event }) => event === 'message');
    first.close();
    await using second = await openStream(url, 2, { 'Last-Event-ID': third?.id ?? '' });
    expect(await dataOf(second, 3)).toEqual([{ a: 3 }, { b: 2 }, { b: 3 }]);
    await server.app.publish('room:a', 'message', { a: 4 } as never);
    expect(await dataOf(second, 1)).toEqual([{ a: 4 }]);
    expect(seen(second, 'thrum:reset')).toEqual([]);
  });

  it('goes on after a restart of the server where the log is on disk', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'thrum-sse-'));
    try {
      const one = await startServer({ dataDir });
      const { port } = one;
      const client = await openStream(one.httpUrl + rooms, 2);
      await one.app.publish('room:b', 'message', 1 as never);
      expect(await dataOf(client, 1)).toEqual([1]);
      await one.app.publish('room:b', 'message', 2 as never);
      const lastId = client.events.seen.find(({ event }) => event === 'message')?.id ?? '';
      await one.close();
      await client.ended();
      await using two = await startServer({ dataDir }, { port });
      await using again = await openStream(two.httpUrl + rooms, 2, { 'Last-Event-ID': lastId });
      await two.app.publish('room:b', 'message', 3 as never);
      expect(await dataOf(again, 2)).toEqual([2, 3]);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  it('begins with the newest of each channel, or the newest n, where that is asked for', async () => {
    await using server = await startServer();
    for (const n of [1, 2, 3]) await server.app.publish('room:a', 'message', n as never);
    await server.app.publish('room:b', 'message', 10 as never);
    await using latest = await openStream(`${server.httpUrl}${rooms}&since=latest`, 2);
    expect(await dataOf(latest, 2)).toEqual([3, 10]);
    await using last = await openStream(`${server.httpUrl}${rooms}&since=2`, 2);
    expect(await dataOf(last, 3)).toEqual([2, 3, 10]);
    expect(seen(last, 'thrum:reset')).toEqual([]);
  });

  it('that comes back has its id count more than the URL’s since', async () => {
    await using server = await startServer();
    const url = `${server.httpUrl}/events?channel=room:a&since=latest`;
    const first = await openStream(url, 1);
    first.close();
    for (const n of [1, 2, 3]) await server.app.publish('room:a', 'message', n as never);
    await using second = await openStream(url, 1, { 'Last-Event-ID': first.lastId });
    expect(await dataOf(second, 3)).toEqual([1, 2, 3]);
  });

  it('takes channels as a list too, each once, and the default ones when none is named', async () => {
    await using server = await startServer({
      channels: { 'room:{x}': {}, news: {} },
      events: { defaultChannels: ['news'] },
    });
    await using one = await openStream(`${server.httpUrl}/events?channels=room:b,room:a&channel=room:b`, 2);
    const [{ channels }] = seen(one, 'connected') as [{ readonly channels: unknown }];
    expect(channels).toEqual(['room:b', 'room:a']);
    await using other = await openStream(`${server.httpUrl}/events`, 1);
    expect(seen(other, 'thrum:subscribed')).toMatchObject([{ channel: 'news' }]);
  });

  it('is kept alive by comments, which clients ignore', async () => {
    await using server = await startServer({ limits: { pingSeconds: 0.1, deadSeconds: 0.2 } });
    await using client = await openStream(`${server.httpUrl}/events?channel=room:a`, 1);
    const comment = () =>
      client.comments.next(
        () => true,
        () => 'a comment',
      );
    expect([await comment(), await comment(), await comment()]).toEqual(Array(3).fill('heartbeat'));
    await server.app.publish('room:a', 'message', 1 as never);
    expect(await dataOf(client, 1)).toEqual([1]);
  });

  it('that its client has left leaves nothing behind', async () => {
    await using server = await startServer();
    const clients = await Promise.all([1, 2, 3].map(() => openStream(server.httpUrl + rooms, 2)));
    expect(server.app.connections().map(({ transport }) => transport)).toEqual(Array(3).fill('events'));
    for (const client of clients) client.close();
    await until(() => server.app.connections().length === 0, 'no connection is left');
    expect(server.app.channels()).toEqual([]);
    expect(server.app.metrics).toMatchObject({ connections: 0, subscriptions: 0, channels: 0 });
  });

  it('takes as many channels as a connection may join, whatever the rate of its frames', async () => {
    await using server = await startServer({ limits: { rate: 40 } });
    const names = Array.from({ length: 100 }, (_, n) => `channel=room:${n}`).join('&');
    await using client = await openStream(`${server.httpUrl}/events?${names}`, 100);
    for (const n of [99, 0, 50]) await server.app.publish(`room:${n}`, 'message', n as never);
    expect(await dataOf(client, 3)).toEqual([99, 0, 50]);
    client.close();
    for (const n of [99, 0, 50]) await server.app.publish(`room:${n}`, 'message', (0 - n) as never);
    const headers = { 'Last-Event-ID': client.lastId };
    await using again = await openStream(`${server.httpUrl}/events?${names}`, 100, headers);
    expect(await dataOf(again, 3)).toEqual([0, -50, -99]);
  });
});
