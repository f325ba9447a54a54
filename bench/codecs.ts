// What a frame costs in each codec: bytes on the wire, and CPU time to write and to read it as the server does. Prints a table.
//   node --conditions=thrum:source bench/codecs.ts
import { type Codec, jsonCodec } from '@thrum/protocol';
import { msgpackCodec } from '@thrum/protocol/msgpack';
import { protobufCodec } from '@thrum/protocol/protobuf';
import { formatTable } from './report/table.ts';

const codecs: readonly Codec[] = [jsonCodec, msgpackCodec, protobufCodec];

const chat = { text: 'See you at the station at ten past eight?', mood: 'curious' };
const placed = { offset: 123_456, epoch: 'k3v9', timestamp: 1_795_300_000_000 };
const points = Array.from({ length: 100 }, (_, n) => ({
  t: 1_795_300_000_000 + n * 1000,
  cpu: Math.round(50 + 40 * Math.sin(n)) / 100,
  requests: 1000 + n * 7,
}));

const frames: Readonly<Record<string, object>> = {
  ping: { type: 'ping', id: 7 },
  'a publish (chat)': { type: 'message', channel: 'chat:lobby', data: chat, id: 'c9f1-17' },
  'its publication': {
    type: 'message',
    channel: 'chat:lobby',
    data: chat,
    id: 'c9f1-17',
    from: '42',
    ...placed,
  },
  'its ack': {
    type: 'ack',
    channel: 'chat:lobby',
    position: { epoch: 'k3v9', offset: 123_456 },
    id: 'c9f1-17',
  },
  'a cursor': {
    type: 'move',
    channel: 'cursors:doc-7',
    data: { x: 311, y: 1207 },
    from: '42',
    timestamp: placed.timestamp,
  },
  'numbers (100 rows)': { type: 'tick', channel: 'dash:1', data: { points }, ...placed },
  'text (2 KiB)': {
    type: 'message',
    channel: 'chat:lobby',
    data: 'ein Satz mit Ümlaut. '.repeat(93),
    ...placed,
  },
};

const encoder = new TextEncoder();
const rounds = 15;
/** Microseconds of CPU for one measurement: long enough to be counted exactly. */
const slice = 20_000;

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds of CPU each: of several slices the least disturbed. */
function cost(run: () => unknown): number {
  let times = 256;
  let best = Infinity;
  for (let round = 0; round < rounds;) {
    const start = cpu();
    for (let n = 0; n < times; n += 1) run();
    const spent = cpu() - start;
    if (spent < slice) times *= 2;
    else {
      best = Math.min(best, spent / times);
      round += 1;
    }
  }
  return best;
}

const rows = Object.entries(frames).map(([name, frame]) => {
  const measured = codecs.map((codec) => {
    const encoded = codec.encode(frame);
    const bytes = Buffer.from(typeof encoded === 'string' ? encoder.encode(encoded) : encoded);
    const write = (): unknown => {
      const made = codec.encode(frame);
      return typeof made === 'string' ? encoder.encode(made) : made;
    };
    const read = (): unknown => codec.decode(codec.binary ? bytes : bytes.toString());
    return { size: bytes.length, write: cost(write), read: cost(read) };
  });
  return [
    name,
    measured.map(({ size }) => size).join(' · '),
    measured.map(({ write }) => write.toFixed(2)).join(' · '),
    measured.map(({ read }) => read.toFixed(2)).join(' · '),
  ];
});

const table = {
  title: `JSON · MessagePack · Protocol Buffers, Node ${process.version}`,
  columns: ['frame', 'bytes', 'µs to write', 'µs to read'],
  rows,
};
process.stdout.write(formatTable(table));
