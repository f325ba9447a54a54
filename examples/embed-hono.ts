// Thrum beside Hono on Node: node examples/embed-hono.ts
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createThrum } from 'thrum';

const thrum = createThrum({ channels: { 'chat:{room}': { presence: true } } });

const app = new Hono();
app.get('/hello', (context) => context.text('Hello from Hono\n'));

const port = Number(process.env['PORT'] ?? 3000);
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (address) => {
  console.log(`http://127.0.0.1:${address.port}`);
});
thrum.attach(server);

process.once('SIGTERM', () => {
  void thrum.close().then(() => server.close());
});
