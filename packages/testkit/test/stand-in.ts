import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A plain ws server for testing the test tools themselves. */
export async function standIn(
  behave: (socket: WebSocket) => void,
): Promise<AsyncDisposable & { readonly url: string; readonly sockets: Set<WebSocket> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/ws' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    behave(socket);
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
    sockets: server.clients,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Says welcome, answers ping, and gives everything else back. */
export function echo(socket: WebSocket): void {
  socket.send('{"type":"welcome"}');
  socket.on('message', (data, isBinary) => {
    const text = (data as Buffer).toString();
    if (isBinary || !text.startsWith('{"type":"ping"')) socket.send(data, { binary: isBinary });
    else socket.send(text.replace('ping', 'pong'));
  });
}
