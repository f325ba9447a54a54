// The broadcast server of ws's own README, with rooms: one send for each client. `compressed` asks for that besides.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { Rooms } from './rooms.ts';
import { host, serve } from './serve.ts';

const [, , feature] = process.argv;
const isCompressed = feature === 'compressed';

serve(async () => {
  const rooms = new Rooms<WebSocket>();
  const perMessageDeflate = isCompressed && { threshold: 1024, zlibDeflateOptions: { level: 6 } };
  const server = new WebSocketServer({ host, port: 0, perMessageDeflate });
  server.on('connection', (socket) => {
    socket.on('error', report);
    socket.on('message', (text: Buffer) => {
      rooms.join(socket, text.toString());
      socket.send('ok');
    });
    socket.on('close', () => rooms.leave(socket));
  });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    publish: (channel, payload) => {
      // A Buffer, because a string would be turned into bytes again for each client.
      const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
      for (const client of rooms.of(channel)) {
        if (client.readyState === WebSocket.OPEN) client.send(bytes, { binary: false });
      }
    },
  };
});

function report(error: Error): void {
  process.stderr.write(`ws: ${error.message}\n`);
}
