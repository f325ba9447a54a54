// Thrum beside a bare node:http server: node examples/embed-node.ts
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createThrum } from 'thrum';

const thrum = createThrum({ channels: { 'chat:{room}': { presence: true }, notifications: {} } });

// The HTTP API and event streams; what is none of Thrum's comes back as the third argument.
const handle = thrum.handler();
const server = createServer((request, response) => {
  handle(request, response, () => {
    if (request.url === '/hello') response.end('Hello from node:http\n');
    else response.writeHead(404).end();
  });
});
thrum.attach(server);

server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

process.once('SIGTERM', () => {
  void thrum.close().then(() => server.close());
});
