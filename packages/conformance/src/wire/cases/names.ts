import { type ErrorCode, reservedEvents } from '@thrum/protocol';
import { isAlive, isError, same } from '../check.ts';
import type { WireCase } from '../options.ts';

const badChannels: Readonly<Record<string, string>> = {
  'an empty name': '',
  'a name of 256 bytes': `wire:open:${'x'.repeat(246)}`,
  'a name of 256 bytes in 133 characters': `wire:open:${'é'.repeat(123)}`,
  'a name with NUL': 'wire:open:a\u0000b',
  'a name with a line feed': 'wire:open:a\nb',
  'a name with ESC': 'wire:open:\u001b[31m',
  'a name with DEL': 'wire:open:\u007f',
  'a name with a C1 control': 'wire:open:\u0085',
  'a name with a lone surrogate': 'wire:open:\ud800',
  'a name with a reversed pair': 'wire:open:\udc00\ud800',
  'the reserved prefix': 'thrum:anything',
  'the reserved prefix alone': 'thrum:',
};

const goodChannels: Readonly<Record<string, (unique: string) => string>> = {
  'a name of 255 bytes': (unique) => `wire:open:${unique.padEnd(245, 'x')}`,
  'a name of 255 bytes with two-byte letters': (unique) => `wire:open:${unique}x${'é'.repeat(104)}`,
  'a name with a rocket': (unique) => `wire:open:${unique}🚀`,
  'the name __proto__': () => 'wire:open:__proto__',
  'the name constructor': () => 'wire:open:constructor',
  'a name with spaces and quotes': (unique) => `wire:open:${unique} "'\\`,
};

const badEvents: Readonly<Record<string, string>> = {
  'an empty event name': '',
  'an event name of 65 bytes': 'e'.repeat(65),
  'an event name of 66 bytes in 33 characters': 'é'.repeat(33),
  'an event name with a line feed': 'a\nb',
  'an event name with DEL': 'a\u007f',
  'an event name with a lone surrogate': '\udfff',
  'an event name with the reserved prefix': 'thrum:note',
};

const goodEvents: Readonly<Record<string, string>> = {
  'an event name of 64 bytes': 'e'.repeat(64),
  'an event name of 64 bytes in 16 characters': '🚀'.repeat(16),
  'the event name __proto__': '__proto__',
  'the event name constructor': 'constructor',
  'an event name like a reserved one': 'Error',
};

const framesWith: Readonly<Record<string, (channel: string) => object>> = {
  subscribe: (channel) => ({ type: 'subscribe', channel }),
  unsubscribe: (channel) => ({ type: 'unsubscribe', channel }),
  message: (channel) => ({ type: 'message', channel, data: 1 }),
  ack: (channel) => ({ type: 'ack', channel, offset: 1 }),
  history: (channel) => ({ type: 'history', channel }),
  presence: (channel) => ({ type: 'presence', channel }),
};

export function names(): readonly WireCase[] {
  return [
    ...Object.entries(badChannels).map(([title, name]) => refusedChannel(title, name)),
    ...Object.entries(goodChannels).map(([title, name]) => usableChannel(title, name)),
    ...Object.entries(badEvents).map(([title, name]) => refusedEvent(title, name)),
    ...reservedEvents.map((name) => refusedEvent(`the reserved event name ${name}`, name)),
    ...Object.entries(goodEvents).map(([title, name]) => usableEvent(title, name)),
    {
      section: 5,
      title: 'an event that the channel does not define gets invalid_event',
      run: async (wire) => {
        const client = await wire.connect();
        for (const event of ['message', 'other', '__proto__', 'toString', 'constructor']) {
          const frame = { type: 'message', channel: wire.channel('schema'), event, data: { text: 'hi' } };
          isError(await client.ask(frame), 'invalid_event');
        }
        await isAlive(client);
      },
    },
  ];
}

function onlyJson(name: string): Pick<WireCase, 'json'> {
  return /\p{Surrogate}/u.test(name)
    ? { json: 'UTF-8 has no lone surrogate, and only JSON an escape for it' }
    : {};
}

function refusedChannel(title: string, name: string): WireCase {
  return {
    section: 5,
    title: `${title} gets invalid_channel in every frame that has a channel`,
    ...onlyJson(name),
    run: async (wire) => {
      const client = await wire.connect();
      for (const [type, frame] of Object.entries(framesWith)) {
        const answer = await client.ask({ ...frame(name), id: type });
        isError(answer, 'invalid_channel', { id: type });
      }
      await isAlive(client);
    },
  };
}

function usableChannel(title: string, name: (unique: string) => string): WireCase {
  return {
    section: 5,
    title: `${title} is a channel like any other`,
    run: async (wire) => {
      const client = await wire.connect();
      const unique = wire.channel().slice(-36);
      const channel = name(unique);
      same((await client.ask({ type: 'subscribe', channel }))['channel'], channel);
      // Where the name cannot be unique, the id is: the channel remembers those of other runs.
      same((await client.ask({ type: 'message', channel, data: 'x', id: unique })).type, 'ack');
      same((await client.next('message'))['channel'], channel);
      same((await client.ask({ type: 'unsubscribe', channel }))['channel'], channel);
    },
  };
}

function refusedEvent(title: string, event: string): WireCase {
  const code: ErrorCode = 'invalid_event';
  return {
    section: 5,
    title: `${title} cannot be published`,
    ...onlyJson(event),
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      isError(await client.ask({ type: 'message', channel, event, data: 1 }), code);
      const { data } = await client.ask({ type: 'history', channel });
      same((data as Readonly<Record<string, unknown>>)['publications'], []);
    },
  };
}

function usableEvent(title: string, event: string): WireCase {
  return {
    section: 5,
    title: `${title} can be published`,
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await client.ask({ type: 'subscribe', channel });
      same((await client.ask({ type: 'message', channel, event, data: 1 })).type, 'ack');
      same((await client.next(event))['data'], 1);
    },
  };
}
