// Thrum beside Express: node examples/embed-express.ts
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createThrum } from 'thrum';

const thrum = createThrum({ channels: { 'chat:{room}': { presence: true }, notifications: {} } });

const app = express();
// The HTTP API and event streams. Before body parsers: what they have read is gone.
app.use(thrum.handler());
app.get('/hello', (_request, response) => {
  response.send('Hello from Express\n');
});
// A route of the application can publish: everybody in the room gets it.
app.post('/announce/:room', (request, response) => {
  void thrum
    .publish(`chat:${request.params.room}`, 'message', { text: 'Hello, room' })
    .then(({ position }) => response.json(position));
});

const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
thrum.attach(server);

process.once('SIGTERM', () => {
  void thrum.close().then(() => server.close());
});
