import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectEvents, connectRaw, startHttpProxy, until } from '../src/index.ts';
import { echo, standIn } from './stand-in.ts';

/** A server that answers as it is told. */
async function answering(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the HTTP proxy', () => {
  it('passes WebSockets on, refuses them or lets them hang', async () => {
    await using server = await standIn(echo);
    await using proxy = await startHttpProxy(server.url);
    await using client = await connectRaw(proxy.url);
    client.send({ type: 'x' });
    expect(await client.next('x')).toEqual({ type: 'x' });
    proxy.upgrades = 'refuse';
    await expect(connectRaw(proxy.url)).rejects.toMatchObject({ status: 403 });
    proxy.upgrades = 'swallow';
    const hanging = connectRaw(proxy.url);
    await until(() => proxy.count('upgrade') === 3, 'it was asked');
    proxy.cut();
    await expect(hanging).rejects.toThrow();
    expect(proxy.requests).toEqual(Array.from({ length: 3 }, () => 'upgrade /ws'));
    expect(server.sockets.size).toBeLessThanOrEqual(1);
  });

  it('loses requests, which the server never sees, and answers, which it has given', async () => {
    const seen: string[] = [];
    await using server = await answering((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end('done');
    });
    await using proxy = await startHttpProxy(server.url);
    const post = (): Promise<Response> => fetch(`${proxy.httpUrl}/x?a=1`, { method: 'POST', body: 'y' });
    expect(await (await post()).text()).toBe('done');
    proxy.fault = () => 'lose request';
    await expect(post()).rejects.toThrow('fetch failed');
    expect(seen).toHaveLength(1);
    proxy.fault = (method, path) => (method === 'POST' && path === '/x' ? 'lose answer' : undefined);
    await expect(post()).rejects.toThrow('fetch failed');
    expect(seen).toEqual(['POST /x?a=1', 'POST /x?a=1']);
    expect(proxy.requests).toEqual(['POST /x', 'POST /x', 'POST /x']);
  });

  it('passes a stream on as it comes, or holds it back until it is complete', async () => {
    let end: () => void = () => undefined;
    await using server = await answering((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
      end = () => response.end();
    });
    await using proxy = await startHttpProxy(server.url);
    await using open = await connectEvents(proxy.httpUrl);
    expect((await open.take()).data).toBe('1');
    proxy.buffering = true;
    let isAnswered = false;
    const held = connectEvents(proxy.httpUrl).then((client) => {
      isAnswered = true;
      return client;
    });
    await until(() => proxy.requests.length === 2, 'it was asked');
    // The way of the first one, once more: by then an answer would be here.
    await fetch(`${proxy.httpUrl}/`, { signal: AbortSignal.timeout(100) }).catch(() => undefined);
    expect(isAnswered).toBe(false);
    end();
    proxy.cut();
    await held.catch(() => undefined);
  });

  it('gives a request up with its client', async () => {
    let isClosed = false;
    await using server = await answering((request, response) => {
      response.write('data: 1\n\n');
      request.on('close', () => (isClosed = true));
    });
    await using proxy = await startHttpProxy(server.url);
    const client = await connectEvents(proxy.httpUrl);
    await client.take();
    client.close();
    await until(() => isClosed, 'the server knows');
  });
});
