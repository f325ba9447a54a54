import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket as NodeSocket, WebSocketServer } from 'ws';
import type { WebSocket as ServerSocket } from 'ws';
import { createClient } from '../src/index.ts';
import type { Client, SocketConstructor } from '../src/index.ts';
import { at, welcome } from './support/fake-server.ts';
import type { Frame } from './support/fake-server.ts';

/** A log, an ack for each publish, and a way to break every connection; no more of a server than the test needs. */
async function startServer() {
  const wss = new WebSocketServer({ port: 0 });
  await once(wss, 'listening');
  const log: Frame[] = [];
  const joined = new Set<ServerSocket>();
  const reply = (socket: ServerSocket, frame: Frame): void => socket.send(JSON.stringify(frame));
  const handle = (socket: ServerSocket, { type, id, channel, data, since, event }: Frame): void => {
    if (type === 'subscribe') {
      joined.add(socket);
      const from = since as { offset: number } | undefined;
      reply(socket, {
        type: 'subscribed',
        id,
        channel,
        recovered: from !== undefined,
        position: from ?? at(log.length),
      });
      if (from !== undefined) for (const frame of log.slice(from.offset)) reply(socket, frame);
    } else if (type === 'message') {
      let found = log.find((entry) => entry['id'] === id);
      const duplicate = found !== undefined;
      if (found === undefined) {
        found = { type: event, channel, data, id, ...at(log.length + 1), timestamp: Date.now() };
        log.push(found);
        for (const member of joined) reply(member, found);
      }
      reply(socket, {
        type: 'ack',
        id,
        channel,
        position: at(Number(found['offset'])),
        ...(duplicate && { duplicate }),
      });
    }
  };
  wss.on('connection', (socket) => {
    reply(socket, welcome);
    socket.on('message', (data) => handle(socket, JSON.parse(String(data)) as Frame));
    socket.on('close', () => joined.delete(socket));
  });
  return {
    url: `http://127.0.0.1:${(wss.address() as AddressInfo).port}/ws`,
    breakAll: () => {
      for (const socket of wss.clients) socket.terminate();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      await once(wss, 'close');
    },
  };
}

function stateOf(client: Client, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const off = client.onStateChange((state) => {
      if (state !== wanted) return;
      off();
      resolve();
    });
  });
}

it.each([
  ['the ws package', NodeSocket as SocketConstructor],
  ['the WebSocket of Node', undefined],
])('publishes, breaks, resumes and delivers each message once over %s', async (_, WebSocket) => {
  await using server = await startServer();
  using client = createClient(server.url, { WebSocket, backoff: { base: 10 } });
  const channel = client.channel('chat:a');
  const got: unknown[] = [];
  let enough: () => void = () => undefined;
  const three = new Promise<void>((resolve) => (enough = resolve));
  channel.on('message', ({ data }) => {
    got.push(data);
    if (got.length === 3) enough();
  });
  expect(await channel.publish('message', 1)).toMatchObject({ position: at(1), duplicate: false });
  const back = stateOf(client, 'reconnecting');
  server.breakAll();
  await back;
  const offline = [channel.publish('message', 2), channel.publish('message', 3)];
  expect((await Promise.all(offline)).map(({ position }) => position?.offset)).toEqual([2, 3]);
  await three;
  expect(got).toEqual([1, 2, 3]);
  expect(channel.status).toBe('recovered');
});

it('does not bring the process down when the server is not there', async () => {
  const server = await startServer();
  await server[Symbol.asyncDispose]();
  using client = createClient(server.url, {
    WebSocket: NodeSocket as SocketConstructor,
    backoff: { base: 1 },
    maxReconnectAttempts: 2,
  });
  const failed = stateOf(client, 'failed');
  client.connect();
  await failed;
  await expect(client.channel('chat:a').publish('message', 1)).rejects.toMatchObject({
    code: 'disconnected',
  });
});

it('can be left while it is still dialing', async () => {
  await using server = await startServer();
  const client = createClient(server.url, { WebSocket: NodeSocket as SocketConstructor });
  client.connect();
  client.dispose();
  expect(client.state).toBe('disconnected');
});
