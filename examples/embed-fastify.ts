// Thrum beside Fastify: node examples/embed-fastify.ts
import { createServer } from 'node:http';
import { fastify } from 'fastify';
import { createThrum } from 'thrum';

const thrum = createThrum({ channels: { 'chat:{room}': { presence: true }, notifications: {} } });

// The HTTP API and event streams come first; Fastify gets every other request as it was.
const handle = thrum.handler();
const app = fastify({
  forceCloseConnections: true,
  serverFactory: (next) =>
    createServer((request, response) => handle(request, response, () => next(request, response))),
});
app.get('/hello', () => 'Hello from Fastify\n');
// preClose runs before Fastify waits for its connections, and WebSockets are among them.
app.addHook('preClose', () => thrum.close());
thrum.attach(app.server);

console.log(await app.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' }));

process.once('SIGTERM', () => void app.close());
