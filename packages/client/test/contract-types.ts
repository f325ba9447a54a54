// Checked by the compiler alone: each line that must not compile says so.
import type { Schema } from '@thrum/protocol';
import { createClient } from '../src/index.ts';
import type { Channel, PublicationOf, Published } from '../src/index.ts';
import { slowWhenHidden, throttle } from '../src/rate/index.ts';

declare function schema<Input, Output = Input>(): Schema<Input, Output>;

const app = {
  definition: {
    channels: {
      'chat:{room}': {
        events: { message: schema<{ text: string }>(), edited: schema<{ at: string }, { at: Date }>() },
      },
      'doc:{id}:cursors': { events: { move: schema<{ x: number }>() } },
      news: {},
    },
    methods: {
      transfer: {
        params: schema<{ amount: number }>(),
        handler: (_params: { amount: number }, _context: object) => Promise.resolve({ balance: 1 }),
      },
      now: { handler: () => 5 },
    },
  },
};

const client = createClient<typeof app>('wss://example.com/ws');

export const published: Promise<Published> = client.channel('chat:lobby').publish('message', { text: 'hi' });
client.channel('chat:lobby').on('message', ({ event, data, offset }) => {
  const name: 'message' = event;
  const text: string = data.text;
  const place: number | undefined = offset;
  return [name, text, place];
});
// What a receiver gets is what the schema makes of it.
client.channel('chat:lobby').on('edited', ({ data }) => data.at.getTime());
void client.channel('chat:lobby').publish('edited', { at: 'today' });
client.channel('doc:7:cursors').on('move', ({ data }) => data.x.toFixed());
client.channel('news').on('anything', ({ data }) => {
  const unknownData: unknown = data;
  return unknownData;
});
client.channel('chat:lobby').onAny((publication) => {
  if (publication.event === 'message') return publication.data.text;
  return publication.data.at.getTime();
});
export async function loop(): Promise<void> {
  for await (const { event, data } of client.channel('chat:lobby')) {
    if (event === 'message') data.text.trim();
  }
  const page = await client.channel('chat:lobby').history({ limit: 5 });
  for (const publication of page.publications)
    if (publication.event === 'edited') publication.data.at.getTime();
  const { balance } = await client.call('transfer', { amount: 5 });
  balance.toFixed();
  (await client.call('now')).toFixed();
}

// @ts-expect-error no channel has this name
client.channel('unknown:lobby');
// @ts-expect-error the pattern wants its second half
client.channel('doc:7');
// @ts-expect-error the channel has no such event
void client.channel('chat:lobby').publish('messsage', { text: 'hi' });
// @ts-expect-error a wrong payload
void client.channel('chat:lobby').publish('message', { text: 5 });
// @ts-expect-error a publisher gives what goes in, not what comes out
void client.channel('chat:lobby').publish('edited', { at: new Date() });
// @ts-expect-error no listener for an event that cannot come
client.channel('chat:lobby').on('nothing', () => undefined);
// @ts-expect-error wrong params
void client.call('transfer', { amount: 'all' });
// @ts-expect-error no such method
void client.call('steal');

const untyped = createClient('/ws');
untyped.channel('whatever').on('anything', ({ data }) => {
  // @ts-expect-error unknown until the application has looked
  return data.text;
});
void untyped.channel('whatever').publish('anything', { at: 'all' });
export const result: Promise<unknown> = untyped.call('anything', 5);
export type Loose = Channel;
export type One = PublicationOf<{ move: Schema<{ x: number }> }>['data']['x'];

export const move = throttle((at: { x: number }) => client.channel('doc:7:cursors').publish('move', at), {
  every: 50,
});
export const moved: Promise<Published> = move({ x: 1 });
export const flushed: Promise<Published> | undefined = move.flush();
export const shown: () => void = slowWhenHidden(client.channel('doc:7:cursors', { maxRate: 5 }));
// @ts-expect-error the throttle takes what the function takes
void move({ x: 'left' });
// @ts-expect-error a rate is a number
client.channel('doc:7:cursors', { maxRate: 'fast' });
