// node examples/contract/server.ts
import { app } from './app.ts';

const { url, close } = await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
console.log(url);

// Names, events and data are checked against the contract: { text: 1 } would not compile.
await app.publish('chat:lobby', 'message', { text: 'The server is up' });

process.once('SIGTERM', () => void close());
