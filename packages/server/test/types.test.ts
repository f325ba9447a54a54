import type { ContractOf, EventsFor, InputOf } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { channel, createThrum, method } from '../src/index.ts';
import { silentLog } from './support.ts';

// Checked by the compiler; what runs here only keeps the two from drifting apart.
const app = createThrum({
  log: silentLog,
  channels: {
    'chat:{room}': channel({
      events: { message: z.object({ text: z.string() }), edited: z.object({ id: z.number() }) },
      authorize: ({ params }) => params.room !== 'staff',
    }),
    'cursors:{doc}:{page}': {
      events: { move: z.object({ x: z.number() }) },
      // @ts-expect-error The pattern has no parameter of this name.
      authorize: ({ params }) => params.doc === params.other,
    },
    news: { conflate: { every: '1s', key: ({ from }) => from } },
    // @ts-expect-error There is no such tier.
    bad: { tier: 'eternal' },
  },
  methods: {
    add: method({
      params: z.object({ a: z.number() }),
      // @ts-expect-error The schema has no b.
      handler: ({ a, b }: { a: number; b: number }, { user }) => `${user.id}${a}${b}`,
    }),
    now: method({ handler: () => 1 }),
  },
});

type App = ContractOf<typeof app>;
type Message = InputOf<EventsFor<App, 'chat:lobby'>['message']>;

describe('a definition', () => {
  it('gives its types to publish', () => {
    const calls = (): readonly unknown[] => [
      app.publish('chat:lobby', 'message', { text: 'hi' }),
      app.publish('chat:lobby', 'edited', { id: 1 }, { id: 'key' }),
      // @ts-expect-error The text is no number.
      app.publish('chat:lobby', 'message', { text: 1 }),
      // @ts-expect-error The channel has no such event.
      app.publish('chat:lobby', 'deleted', { id: 1 }),
      // @ts-expect-error The event has other data.
      app.publish('cursors:a:1', 'move', { y: 1 }),
      app.publish('news', 'anything', 1),
      app.publishToUser('42', 'notification', { n: 1 }),
      app.broadcast(['chat:a', 'chat:b'], 'message', { text: 'hi' }),
      // @ts-expect-error The text is no number.
      app.broadcast(['chat:a'], 'message', { text: 1 }),
    ];
    expect(calls).toBeTypeOf('function');
  });

  it('has intervals that are durations', () => {
    const definitions = (): readonly unknown[] => [
      channel({ conflate: { every: 100, key: 'userId' } }),
      // @ts-expect-error An interval is a duration.
      channel({ conflate: { every: 'often' } }),
      // @ts-expect-error Conflation has an interval.
      channel({ conflate: { key: 'k' } }),
    ];
    expect(definitions).toBeTypeOf('function');
  });

  it('gives its types to clients', () => {
    const message: Message = { text: 'hi' };
    // @ts-expect-error The text is no number.
    const wrong: Message = { text: 1 };
    const event: keyof EventsFor<App, 'chat:lobby'> = 'edited';
    // @ts-expect-error The channel has no such event.
    const missing: keyof EventsFor<App, 'chat:lobby'> = 'deleted';
    const handler: Parameters<App['methods']['now']['handler']>[1]['connectionId'] = 'c1';
    expect([message, wrong, event, missing, handler]).toHaveLength(5);
  });
});
