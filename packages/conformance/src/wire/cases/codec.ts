import type { ErrorCode } from '@thrum/protocol';
import { isAlive, isError, same } from '../check.ts';
import { publications, publish, subscribe } from '../context.ts';
import { overWebSocket, type WireCase, type WireOptions } from '../options.ts';

/** A binary message in hexadecimal, and what it gets. */
type Row = readonly [title: string, hex: string, code: ErrorCode];

const hostile: Readonly<Record<string, readonly Row[]>> = {
  json: [],
  msgpack: [
    ['no byte at all', '', 'invalid_message'],
    ['half a map', '82a474797065a470696e67', 'invalid_message'],
    ['a text that ends too early', '81a474797065a970696e67', 'invalid_message'],
    ['an array that says it has 4,294,967,295 items', 'ddffffffff', 'invalid_message'],
    ['a map that says it has 4,294,967,295 entries', 'dfffffffff', 'invalid_message'],
    ['a text that says it has 4,294,967,295 bytes', '81a474797065dbffffffff70', 'invalid_message'],
    ['arrays in arrays, 60,000 deep', `${'91'.repeat(60_000)}c0`, 'invalid_message'],
    ['a frame and a byte more', '81a474797065a470696e67c0', 'invalid_message'],
    ['text that is not UTF-8', '81a474797065a4ff696e67', 'invalid_message'],
    ['bytes where there is no JSON for them', '82a474797065a470696e67a178c40100', 'invalid_message'],
    ['an extension', '82a474797065a470696e67a178d40100', 'invalid_message'],
    ['a date', '82a474797065a470696e67a178d6ff00000000', 'invalid_message'],
    ['NaN', '82a474797065a470696e67a178cb7ff8000000000000', 'invalid_message'],
    ['a key that is a number', '82a474797065a470696e670102', 'invalid_message'],
    ['the type that is never used', 'c1', 'invalid_message'],
    ['an array', '90', 'invalid_message'],
    ['a number', '2a', 'invalid_message'],
    ['nil', 'c0', 'invalid_message'],
    ['an empty map', '80', 'invalid_frame'],
    ['a type that is a number', '81a47479706505', 'invalid_frame'],
    ['an id beyond 2^53', '82a474797065a470696e67a26964cfffffffffffffffff', 'invalid_frame'],
    ['the last of two types, which nobody serves', '82a474797065a470696e67a474797065a178', 'unknown_type'],
  ],
  protobuf: [
    ['half a tag', '80', 'invalid_message'],
    ['a frame that ends too early', '5a050a0174', 'invalid_message'],
    ['a field inside that is longer than its frame', '5a030a0574', 'invalid_message'],
    ['a frame that says it has 4,294,967,295 bytes', '5affffffff0f', 'invalid_message'],
    ['a varint of 11 bytes', `10${'80'.repeat(10)}002a00`, 'invalid_message'],
    ['a varint that never ends', `10${'ff'.repeat(1000)}`, 'invalid_message'],
    ['the field number 0', '02002a00', 'invalid_message'],
    ['a group', '2b2c', 'invalid_message'],
    ['text that is not UTF-8', '5a040a02c328', 'invalid_message'],
    ['data that is no JSON', '1a060a0163120178', 'invalid_message'],
    ['a JSON frame that is no object', '620412025b5d', 'invalid_message'],
    ['no byte at all', '', 'invalid_frame'],
    ['an id and no frame', '0a016d', 'invalid_frame'],
    ['an id beyond 2^53', '10ffffffffffffffffff012a00', 'invalid_frame'],
    ['a channel that is a number', '32020805', 'invalid_frame'],
    ['a frame of a number that nobody knows', 'ba0600', 'unknown_type'],
    ['a JSON frame of a type that nobody knows', '62030a0178', 'unknown_type'],
  ],
};

export function codec({ codec: spoken }: WireOptions): readonly WireCase[] {
  const rows = hostile[spoken?.name ?? 'json'] ?? [];
  return [...rows.map(refused), ...texts, ...mixed];
}

function refused([title, hex, code]: Row): WireCase {
  return {
    section: 18,
    title: `${title} gets ${code} and the connection stays`,
    run: async (wire) => {
      const client = await wire.connect();
      client.send(Buffer.from(hex, 'hex'));
      isError(await client.take(), code);
      await isAlive(client);
    },
  };
}

const texts: readonly WireCase[] = [
  {
    section: 18,
    title: 'a text message is JSON whatever the codec, and is answered in the codec',
    applies: overWebSocket,
    run: async (wire) => {
      const client = await wire.connect();
      // The blank keeps it text.
      client.send('{"type":"ping", "id":"é"}');
      same(await client.next('pong'), { type: 'pong', id: 'é' });
      client.send('{"type":"ping"');
      isError(await client.take(), 'invalid_message');
    },
  },
];

/** Frames that are the same for everybody, whatever each of them speaks. */
const mixed: readonly WireCase[] = [
  {
    section: 18,
    title: 'what one publishes in this codec another reads in JSON, and the other way round',
    run: async (wire) => {
      const one = await wire.connect('alice');
      const headers = { Authorization: `Bearer ${await wire.tokens.valid('bob')}` };
      const other = await wire.dial({ headers, protocols: [] });
      await other.next('welcome');
      const channel = wire.channel();
      await subscribe(one, channel);
      await subscribe(other, channel);
      const sent = [
        { text: 'hi', list: [1, -2, 0.5, 1e300, null, true], '': { deep: [{}] } },
        '漢字 \u{1f680}',
        0,
        null,
        [],
      ];
      for (const [index, data] of sent.entries()) await publish(index % 2 === 0 ? one : other, channel, data);
      const [left, right] = await Promise.all(
        [one, other].map((client) => publications(client, channel, sent.length)),
      );
      same(
        left?.map(({ data }) => data),
        sent,
      );
      same(left, right);
    },
  },
];
