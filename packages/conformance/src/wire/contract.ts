/** A channel pattern with what stands for its parameter. */
export type ChannelKind = keyof typeof wireContract.channels;

/**
 * What a target server must be configured with before `runWireSuite` can say anything about it. The words are for people;
 * packages/conformance/test/wire-app.ts is the same in code.
 */
export const wireContract = {
  /** Users of the suite's tokens; the id of each is its name. */
  users: ['alice', 'bob', 'carol', 'mallory'],
  channels: {
    open: {
      prefix: 'wire:open:',
      definition:
        'wire:open:{x}: recoverable, 1,000 publications for an hour, presence; every user may do everything',
    },
    few: {
      prefix: 'wire:few:',
      definition:
        'wire:few:{x}: recoverable, 5 publications for an hour, no presence; every user may do everything',
    },
    ephemeral: {
      prefix: 'wire:eph:',
      definition: 'wire:eph:{x}: ephemeral, no presence; every user may do everything',
    },
    dropping: {
      prefix: 'wire:drop:',
      definition: 'wire:drop:{x}: like open, with slow drop-oldest',
    },
    latest: {
      prefix: 'wire:latest:',
      definition: 'wire:latest:{x}: like open, with slow latest-per-key and the key k',
    },
    conflated: {
      prefix: 'wire:conf:',
      definition: 'wire:conf:{x}: like open, conflated every 200 ms with the key k',
    },
    private: {
      prefix: 'wire:private:',
      definition: 'wire:private:{x}: like open, but only alice may do anything',
    },
    readable: {
      prefix: 'wire:read:',
      definition: 'wire:read:{x}: like open, but only alice may publish',
    },
    schema: {
      prefix: 'wire:schema:',
      definition:
        'wire:schema:{x}: recoverable; one event, note, with data {text: a string of at most 20 characters}',
    },
    undefined: {
      prefix: 'wire:nowhere:',
      definition: 'wire:nowhere:{x}: not defined at all',
    },
  },
  methods: {
    echo: { name: 'wire.echo', definition: 'returns its params' },
    nothing: { name: 'wire.nothing', definition: 'returns nothing' },
    add: { name: 'wire.add', definition: 'params {a: number, b: number} by schema; returns their sum' },
    wait: {
      name: 'wire.wait',
      definition: 'params {ms: number}; returns its params after so many milliseconds',
    },
    reject: { name: 'wire.reject', definition: 'refuses with the sentence "Not on Sundays"' },
    fail: { name: 'wire.fail', definition: 'throws an Error whose message and cause contain "SECRET-CAUSE"' },
    publish: {
      name: 'wire.publish',
      definition: 'params {channel, event, data}; publishes as the server itself, without a sender',
    },
    disconnect: { name: 'wire.disconnect', definition: 'params {userId}; disconnects that user for good' },
  },
} as const;

/** The sentence of `wire.reject`. */
export const rejection = 'Not on Sundays';

/** What must never leave the server. */
export const secretCause = 'SECRET-CAUSE';
