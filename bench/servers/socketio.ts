import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { host, serve } from './serve.ts';

serve(async () => {
  const http = createServer();
  // The page for browsers and long-polling are not measured; everything else is the default.
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  io.on('connection', (socket) => {
    socket.on('subscribe', (rooms: string[], done: () => void) => {
      void socket.join(rooms);
      done();
    });
  });
  http.listen(0, host);
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    publish: (channel, payload) => {
      io.to(channel).emit('message', payload);
    },
  };
});
