import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEvents, type EventClient, exchange, openSocket } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support.ts';

const rooms = '/events?channel=room:a&channel=room:b';

/** Opens the stream and takes everything up to the last `thrum:subscribed`. */
async function open(url: string, count: number, headers: Record<string, string> = {}): Promise<EventClient> {
  const client = await connectEvents(url, { headers });
  expect(client.status).toBe(200);
  for (let n = 0; n < count; n += 1) await client.next('thrum:subscribed');
  return client;
}

async function data(client: EventClient, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) taken.push(JSON.parse((await client.next('message')).data));
  return taken;
}

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
    const first = await open(url, 2);
    for (const n of [1, 2, 3]) {
      await server.app.publish('room:a', 'message', { a: n } as never);
      await server.app.publish('room:b', 'message', { b: n } as never);
    }
    expect(await data(first, 3)).toEqual([{ a: 1 }, { b: 1 }, { a: 2 }]);
    const [, , third] = first.events.seen.filter(({ event }) => event === 'message');
    first.close();
    await using second = await open(url, 2, { 'Last-Event-ID': third?.id ?? '' });
    expect(await data(second, 3)).toEqual([{ a: 3 }, { b: 2 }, { b: 3 }]);
    await server.app.publish('room:a', 'message', { a: 4 } as never);
    expect(await data(second, 1)).toEqual([{ a: 4 }]);
    expect(second.events.seen.filter(({ event }) => event === 'thrum:reset')).toEqual([]);
  });

  it('goes on after a restart of the server where the log is on disk', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'thrum-sse-'));
    try {
      const one = await startServer({ dataDir });
      const { port } = one;
      const client = await open(one.httpUrl + rooms, 2);
      await one.app.publish('room:b', 'message', 1 as never);
      expect(await data(client, 1)).toEqual([1]);
      await one.app.publish('room:b', 'message', 2 as never);
      const { lastId } = { lastId: client.events.seen.find(({ event }) => event === 'message')?.id ?? '' };
      await one.close();
      await client.ended();
      await using two = await startServer({ dataDir }, { port });
      await using again = await open(two.httpUrl + rooms, 2, { 'Last-Event-ID': lastId });
      await two.app.publish('room:b', 'message', 3 as never);
      expect(await data(again, 2)).toEqual([2, 3]);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});
