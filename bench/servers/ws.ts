import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { host, serve } from './serve.ts';

// The broadcast server of ws's own README: one send for each client.
serve(async () => {
  const server = new WebSocketServer({ host, port: 0 });
  server.on('connection', (socket) => {
    socket.on('error', report);
    socket.on('message', ignore);
  });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    publish: (payload) => {
      // A Buffer, because a string would be turned into bytes again for each client.
      const bytes = Buffer.from(payload);
      for (const client of server.clients) {
        if (client.readyState === WebSocket.OPEN) client.send(bytes, { binary: false });
      }
    },
  };
});

function report(error: Error): void {
  process.stderr.write(`ws: ${error.message}\n`);
}

function ignore(): void {}
