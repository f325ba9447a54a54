import type { ErrorCode } from '@thrum/protocol';
import type { Frame, RawClient } from '@thrum/testkit';
import { isAlive, isError, same } from '../check.ts';
import { nothing } from '../context.ts';
import { overWebSocket, type WireCase } from '../options.ts';

type Row = readonly [title: string, input: object | string | Uint8Array, code: ErrorCode];

const channel = 'wire:open:malformed';

const rows: readonly Row[] = [
  ['not JSON', 'hello', 'invalid_message'],
  ['an empty message', '', 'invalid_message'],
  ['half an object', '{"type":"ping"', 'invalid_message'],
  ['two objects', '{"type":"ping"}{"type":"ping"}', 'invalid_message'],
  ['an object in single quotes', "{'type':'ping'}", 'invalid_message'],
  ['NaN in a frame', '{"type":"ping","x":NaN}', 'invalid_message'],
  ['an array', '[]', 'invalid_message'],
  ['an array of frames', '[{"type":"ping"}]', 'invalid_message'],
  ['a number', '42', 'invalid_message'],
  ['a string', '"ping"', 'invalid_message'],
  ['null', 'null', 'invalid_message'],
  ['true', 'true', 'invalid_message'],
  ['a deeply nested array', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'invalid_message'],
  [
    'bytes that are not UTF-8 in a binary message',
    Buffer.from('7b2278223a22ff227d', 'hex'),
    'invalid_message',
  ],
  ['a binary message with a number in it', Buffer.from('42'), 'invalid_message'],
  ['an empty binary message', Buffer.alloc(0), 'invalid_message'],

  ['no type', {}, 'invalid_frame'],
  ['a type that is a number', { type: 5 }, 'invalid_frame'],
  ['a type that is null', { type: null }, 'invalid_frame'],
  ['a type that is an array', { type: ['ping'] }, 'invalid_frame'],
  ['an empty id', { type: 'ping', id: '' }, 'invalid_frame'],
  ['an id of 129 characters', { type: 'ping', id: 'x'.repeat(129) }, 'invalid_frame'],
  ['a negative id', { type: 'ping', id: -1 }, 'invalid_frame'],
  ['an id with a fraction', { type: 'ping', id: 0.5 }, 'invalid_frame'],
  ['an id beyond 2^53', '{"type":"ping","id":9007199254740993}', 'invalid_frame'],
  ['an infinite id', '{"type":"ping","id":1e999}', 'invalid_frame'],
  ['an id that is null', { type: 'ping', id: null }, 'invalid_frame'],
  ['an id that is an object', { type: 'ping', id: {} }, 'invalid_frame'],
  ['auth without a token', { type: 'auth' }, 'invalid_frame'],
  ['auth with a number as token', { type: 'auth', token: 5 }, 'invalid_frame'],
  ['subscribe without a channel', { type: 'subscribe' }, 'invalid_frame'],
  ['subscribe with a number as channel', { type: 'subscribe', channel: 5 }, 'invalid_frame'],
  ['subscribe with an array as channel', { type: 'subscribe', channel: [channel] }, 'invalid_frame'],
  ['subscribe with ack that is no boolean', { type: 'subscribe', channel, ack: 'yes' }, 'invalid_frame'],
  [
    'subscribe with presence that is no boolean',
    { type: 'subscribe', channel, presence: 1 },
    'invalid_frame',
  ],
  ['since null', { type: 'subscribe', channel, since: null }, 'invalid_frame'],
  ['since a number', { type: 'subscribe', channel, since: 3 }, 'invalid_frame'],
  ['since another word', { type: 'subscribe', channel, since: 'oldest' }, 'invalid_frame'],
  ['since an empty object', { type: 'subscribe', channel, since: {} }, 'invalid_frame'],
  ['since without an epoch', { type: 'subscribe', channel, since: { offset: 1 } }, 'invalid_frame'],
  ['since without an offset', { type: 'subscribe', channel, since: { epoch: 'e' } }, 'invalid_frame'],
  [
    'since a negative offset',
    { type: 'subscribe', channel, since: { epoch: 'e', offset: -1 } },
    'invalid_frame',
  ],
  [
    'since half an offset',
    { type: 'subscribe', channel, since: { epoch: 'e', offset: 1.5 } },
    'invalid_frame',
  ],
  [
    'since an infinite offset',
    `{"type":"subscribe","channel":"${channel}","since":{"epoch":"e","offset":1e999}}`,
    'invalid_frame',
  ],
  ['since the last -1', { type: 'subscribe', channel, since: { last: -1 } }, 'invalid_frame'],
  ['since the last "3"', { type: 'subscribe', channel, since: { last: '3' } }, 'invalid_frame'],
  ['unsubscribe without a channel', { type: 'unsubscribe' }, 'invalid_frame'],
  ['message without a channel', { type: 'message', data: 1 }, 'invalid_frame'],
  ['message without data', { type: 'message', channel }, 'invalid_frame'],
  ['message with a number as event', { type: 'message', channel, data: 1, event: 5 }, 'invalid_frame'],
  ['follows without an id', { type: 'message', channel, data: 1, follows: 'm' }, 'invalid_frame'],
  ['follows itself', { type: 'message', channel, data: 1, id: 1, follows: '1' }, 'invalid_frame'],
  ['follows an object', { type: 'message', channel, data: 1, id: 1, follows: {} }, 'invalid_frame'],
  ['ack with nothing to confirm', { type: 'ack' }, 'invalid_frame'],
  ['ack with a text as offset', { type: 'ack', channel, offset: '1' }, 'invalid_frame'],
  ['ack with a negative offset', { type: 'ack', channel, offset: -1 }, 'invalid_frame'],
  ['history without a channel', { type: 'history' }, 'invalid_frame'],
  ['history since the latest', { type: 'history', channel, since: 'latest' }, 'invalid_frame'],
  ['history with a text as limit', { type: 'history', channel, limit: '5' }, 'invalid_frame'],
  ['history with reverse that is no boolean', { type: 'history', channel, reverse: 'yes' }, 'invalid_frame'],
  ['presence without a channel', { type: 'presence' }, 'invalid_frame'],
  ['call without a method', { type: 'call', params: {} }, 'invalid_frame'],
  ['call of a number', { type: 'call', method: 1 }, 'invalid_frame'],

  ['a type that nobody serves', { type: 'nonsense' }, 'unknown_type'],
  ['an empty type', { type: '' }, 'unknown_type'],
  ['a type in capitals', { type: 'PING' }, 'unknown_type'],
  ['a type of the server', { type: 'welcome' }, 'unknown_type'],
  ['the type __proto__', { type: '__proto__' }, 'unknown_type'],
  ['the type constructor', { type: 'constructor' }, 'unknown_type'],
  ['the type toString', { type: 'toString' }, 'unknown_type'],
  ['a very long type', { type: 'x'.repeat(10_000) }, 'unknown_type'],
];

/** Answers that carry the id of what they answer, by what is asked. */
const asked: Readonly<Record<string, object>> = {
  ping: { type: 'ping' },
  subscribe: { type: 'subscribe', channel },
  message: { type: 'message', channel, data: 1 },
  history: { type: 'history', channel },
  presence: { type: 'presence', channel },
  call: { type: 'call', method: 'wire.echo' },
  unsubscribe: { type: 'unsubscribe', channel },
  'a frame of an unknown type': { type: 'nonsense' },
  'a frame with a bad field': { type: 'history', channel, limit: 'x' },
  'a frame without a type': {},
};

export function malformed(): readonly WireCase[] {
  return [...rows.map(refused), ...ids, ...others];
}

function refused([title, input, code]: Row): WireCase {
  return {
    section: 2,
    title: `${title} gets ${code} and the connection stays`,
    // Text alone travels over the others.
    ...(input instanceof Uint8Array && { applies: overWebSocket, json: 'its bytes are JSON’s' }),
    run: async (wire) => {
      const client = await wire.connect();
      client.send(input);
      isError(await client.take(), code);
      await isAlive(client);
    },
  };
}

const ids: readonly WireCase[] = Object.entries(asked).map(([title, frame]): WireCase => ({
  section: 1,
  title: `what answers ${title} carries its id, string or number, unchanged`,
  run: async (wire) => {
    const client = await wire.connect();
    // message ids are remembered by the channel, so each run needs its own
    const unique = wire.channel().slice(-36);
    for (const id of [
      `${unique}é"\\\u2028`,
      Date.now(),
      Number.MAX_SAFE_INTEGER - Date.now(),
      unique.padEnd(128, 'x'),
    ]) {
      same(Object.is((await client.ask({ ...frame, id }))['id'], id), true);
    }
  },
}));

const others: readonly WireCase[] = [
  {
    section: 1,
    title: 'an id of 0 is an id',
    run: async (wire) =>
      same(await (await wire.connect()).ask({ type: 'ping', id: 0 }), { type: 'pong', id: 0 }),
  },
  {
    section: 1,
    title: 'what answers a frame without an id has none',
    run: async (wire) => {
      const client = await wire.connect();
      for (const frame of Object.values(asked)) {
        client.send(frame);
        const { type, ...rest }: Frame = await take(client);
        same('id' in rest, false, `the ${type} that answers ${JSON.stringify(frame)}`);
      }
    },
  },
  {
    section: 2,
    title: 'an error for a frame with a good id and no type carries the id',
    run: async (wire) => isError(await (await wire.connect()).ask({ id: 7 }), 'invalid_frame', { id: 7 }),
  },
  {
    section: 1,
    title: 'fields that the server does not know are ignored',
    run: async (wire) => {
      const client = await wire.connect();
      client.send('{"type":"ping","id":1,"code":"x","extra":{"a":[1]},"__proto__":{"id":2},"constructor":3}');
      same(await client.take(), { type: 'pong', id: 1 });
    },
  },
  {
    section: 2,
    title: 'bad frames in a row are each answered, and good ones in between',
    run: async (wire) => {
      const client = await wire.connect();
      for (let n = 0; n < 50; n += 1) client.send('not json');
      for (let n = 0; n < 10; n += 1) client.send({ type: 'ping', id: n });
      for (let n = 0; n < 50; n += 1) isError(await client.next('error'), 'invalid_message');
      for (let n = 0; n < 10; n += 1) same(await client.next('pong'), { type: 'pong', id: n });
      await nothing(client);
    },
  },
  {
    section: 11,
    title: 'an error does not repeat what it refuses',
    run: async (wire) => {
      const client = await wire.connect();
      const answer = await client.ask({ type: 'secret-type-of-mine', channel: 'x' });
      isError(answer, 'unknown_type');
      same(String(answer['message']).includes('secret-type-of-mine'), false);
    },
  },
];

/** The next frame that is no publication: the connection hears its own as well. */
function take(client: RawClient): Promise<Frame> {
  return client.next((frame) => !('timestamp' in frame));
}
