// What an application would write without a library: one `write` for each open answer of node:http.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Rooms } from './rooms.ts';
import { host, serve } from './serve.ts';

serve(async () => {
  const rooms = new Rooms<ServerResponse>();
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', `http://${host}`);
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.write(': open\n\n');
    rooms.join(response, `sub ${searchParams.get('channels')}`);
    response.on('close', () => rooms.leave(response));
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    publish: (channel, payload) => {
      const bytes = Buffer.from(`data: ${JSON.stringify(payload)}\n\n`);
      for (const response of rooms.of(channel)) response.write(bytes);
    },
  };
});
