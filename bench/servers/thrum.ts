import { createLog, createThrum } from 'thrum';
import { channel } from '../peers.ts';
import { host, serve } from './serve.ts';

serve(async () => {
  const app = createThrum({
    mode: 'production',
    channels: { [channel]: {} },
    // Everybody may come in, as with the peers; nobody shows a token.
    auth: {
      anonymous: true,
      authenticate: () => {
        throw new Error('no token is accepted here');
      },
    },
    // The defaults of PROTOCOL.md §13, but for the number of connections, which is what is measured.
    limits: { connections: 1_000_000 },
    log: createLog({ level: 'warn' }),
  });
  const { port } = await app.listen({ port: 0, host });
  return {
    port,
    publish: (payload) => {
      app.publish(channel, 'message', payload).catch((error: unknown) => {
        throw error;
      });
    },
  };
});
