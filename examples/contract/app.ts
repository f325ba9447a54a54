// The contract: what channels there are and what travels in them. The server runs it, the client only takes its type.
import { channel, createThrum, method, reject } from 'thrum';
import { z } from 'zod';

export const app = createThrum({
  channels: {
    'chat:{room}': channel({
      events: { message: z.object({ text: z.string().min(1).max(2000) }) },
      history: { size: 500, ttl: '24h' },
      presence: true,
      authorize: ({ params, user, action }) =>
        params.room !== 'staff' || (action === 'subscribe' && !user.anonymous),
    }),
    'cursors:{doc}': channel({
      events: { move: z.object({ x: z.number(), y: z.number() }) },
      tier: 'ephemeral',
      // Ten times a second, of each user the newest.
      conflate: { every: 100, key: ({ from }) => from },
    }),
  },
  methods: {
    divide: method({
      params: z.object({ a: z.number(), b: z.number() }),
      handler: ({ a, b }) => {
        if (b === 0) throw reject('b must not be 0');
        return { result: a / b };
      },
    }),
  },
});

export type App = typeof app;
