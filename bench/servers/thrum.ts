// Thrum with its defaults; `compressed` or `presence` asks for that besides.
import { createThrum, type ThrumDefinition } from 'thrum';
import { channelPattern } from '../channel.ts';
import { production } from './production.ts';
import { host, serve } from './serve.ts';

const [, , feature] = process.argv;

// Spread as what it is not known to be: an option that this Thrum does not have is refused with its name.
const compression: object = feature === 'compressed' ? { compression: true } : {};

serve(async () => {
  const definition: ThrumDefinition = {
    ...production,
    channels: { [channelPattern]: feature === 'presence' ? { presence: true } : {} },
    ...compression,
  };
  const app = createThrum(definition);
  const { port } = await app.listen({ port: 0, host });
  return {
    port,
    publish: (channel, payload) => {
      app.publish(channel, 'message', payload).catch((error: unknown) => {
        throw error;
      });
    },
  };
});
