import { frameBytes, type FrameSpec, opcodes } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { cut, readers, type Seen, type StreamCase } from '../streams.ts';
import { closing } from './closing.ts';
import { compression } from './compression.ts';
import { texts } from './texts.ts';

const messageBytes = 70_000;
const fragments = 8;
const { binary, continuation, ping, pong, text } = opcodes;

function frames(...specs: readonly FrameSpec[]): Buffer {
  return Buffer.concat(specs.map((spec) => frameBytes(spec)));
}

function of(title: string, specs: readonly FrameSpec[], ...seen: readonly Seen[]): StreamCase {
  return { title, stream: frames(...specs), seen };
}

const broken: Seen = { failed: 1002 };
const a = (length: number): string => 'a'.repeat(length);

/** RFC 6455 §5.2. */
const framing: readonly StreamCase[] = [0, 1, 125, 126, 127, 128, 65_535, 65_536].flatMap((length) => [
  of(`a text of ${length} bytes`, [{ payload: a(length) }], { text: a(length) }),
  of(`a binary message of ${length} bytes`, [{ opcode: binary, payload: a(length) }], {
    binary: Buffer.from(a(length)).toString('hex'),
  }),
]);

/** RFC 6455 §5.5.2 and §5.5.3. */
const pings: readonly StreamCase[] = [
  ...[0, 1, 125].map((length) =>
    of(`a ping of ${length} bytes`, [{ opcode: ping, payload: Buffer.alloc(length, 0xfe) }], {
      ping: 'fe'.repeat(length),
    }),
  ),
  of('a ping of 126 bytes', [{ opcode: ping, payload: a(126) }], broken),
  of('pongs that nobody asked for', [{ opcode: pong }, { opcode: pong, payload: 'x' }, { payload: 'on' }], {
    text: 'on',
  }),
  of('a pong of 126 bytes', [{ opcode: pong, payload: a(126) }], broken),
  of(
    'ten pings',
    Array.from({ length: 10 }, (_, n) => ({ opcode: ping, payload: Buffer.of(n) })),
    ...Array.from({ length: 10 }, (_, n) => ({ ping: `0${n}` })),
  ),
];

/** RFC 6455 §5.2: bits and opcodes that nothing has given a meaning, wherever in a stream. */
const reserved: readonly StreamCase[] = [
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) =>
    Object.entries({ text, binary, ping, pong, close: opcodes.close }).map(([name, opcode]) =>
      of(`${name} with the reserved bits ${rsv}`, [{ payload: 'x' }, { opcode, rsv }], { text: 'x' }, broken),
    ),
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
    of(`the opcode ${opcode}`, [{ opcode }], broken),
    of(
      `the opcode ${opcode} with a payload, between messages`,
      [{ payload: 'x' }, { opcode, payload: 'y' }, { payload: 'z' }],
      { text: 'x' },
      broken,
    ),
  ]),
  of('a frame without a mask', [{ payload: 'x', masked: false }], broken),
];

/** RFC 6455 §5.4. */
const fragmentation: readonly StreamCase[] = [
  of('a ping in two fragments', [{ opcode: ping, fin: false }, { opcode: continuation }], broken),
  of('a pong in two fragments', [{ opcode: pong, fin: false }, { opcode: continuation }], broken),
  of(
    'a text in two',
    [
      { fin: false, payload: 'a' },
      { opcode: continuation, payload: 'b' },
    ],
    { text: 'ab' },
  ),
  of(
    'a ping between',
    [
      { fin: false, payload: 'a' },
      { opcode: ping, payload: 'p' },
      { opcode: continuation, payload: 'b' },
    ],
    { ping: '70' },
    { text: 'ab' },
  ),
  of(
    'pings around every fragment',
    [
      { opcode: ping },
      { opcode: binary, fin: false, payload: 'a' },
      { opcode: ping },
      { opcode: continuation, fin: false, payload: 'b' },
      { opcode: pong },
      { opcode: continuation, payload: 'c' },
      { opcode: ping },
    ],
    { ping: '' },
    { ping: '' },
    { binary: '616263' },
    { ping: '' },
  ),
  of('a continuation first', [{ opcode: continuation, payload: 'x' }, { payload: 'y' }], broken),
  of('a continuation without an end first', [{ opcode: continuation, fin: false }], broken),
  of('a continuation after the end', [{ payload: 'x' }, { opcode: continuation }], { text: 'x' }, broken),
  of('a text where a continuation is due', [{ fin: false, payload: 'x' }, { payload: 'y' }], broken),
  of('a binary one where a continuation is due', [{ fin: false }, { opcode: binary, fin: false }], broken),
  of(
    'an empty message in three',
    [{ fin: false }, { opcode: continuation, fin: false }, { opcode: continuation }],
    { text: '' },
  ),
  of(
    'two messages in fragments, one behind the other',
    [
      { fin: false, payload: 'a' },
      { opcode: continuation, payload: 'b' },
      { opcode: binary, fin: false, payload: 'c' },
      { opcode: continuation },
    ],
    { text: 'ab' },
    { binary: '63' },
  ),
];

/** PROTOCOL.md §13. */
const limits: readonly StreamCase[] = [
  of('the largest message', [{ payload: a(messageBytes) }], { text: a(messageBytes) }),
  of('one byte more', [{ payload: a(messageBytes + 1) }], { failed: 1009 }),
  of('one byte more, announced and not sent', [{ length: messageBytes + 1, lengthBytes: 8 }], {
    failed: 1009,
  }),
  of('more than a number can count', [{ length: 2 ** 53, lengthBytes: 8 }], { failed: 1009 }),
  of(
    'the largest message in two',
    [
      { fin: false, payload: a(messageBytes - 9) },
      { opcode: continuation, payload: a(9) },
    ],
    { text: a(messageBytes) },
  ),
  of(
    'one byte more in two',
    [
      { fin: false, payload: a(messageBytes - 9) },
      { opcode: continuation, payload: a(10) },
    ],
    { failed: 1009 },
  ),
  of(
    'as many fragments as may be',
    Array.from({ length: fragments }, (_, n) => ({
      opcode: n === 0 ? text : continuation,
      fin: n === fragments - 1,
      payload: 'x',
    })),
    { text: 'x'.repeat(fragments) },
  ),
  of(
    'one fragment more',
    Array.from({ length: fragments + 1 }, (_, n) => ({
      opcode: n === 0 ? text : continuation,
      fin: n === fragments,
    })),
    { failed: 1008 },
  ),
  of('a short message with 8 bytes of length', [{ payload: 'x', lengthBytes: 8 }], { text: 'x' }),
];

const groups: Readonly<Record<string, readonly StreamCase[]>> = {
  framing,
  'pings and pongs': pings,
  'reserved bits and opcodes': reserved,
  fragmentation,
  texts,
  closing,
  limits,
  compression,
};

/** How a stream may arrive. */
const cuts: Readonly<Record<string, (stream: Buffer) => readonly number[]>> = {
  whole: ({ length }) => [length],
  'byte by byte': ({ length }) => [length > 5000 ? 997 : 1],
  'in pieces of 7 bytes': ({ length }) => [length > 5000 ? 1460 : 7],
};

for (const [engine, read] of Object.entries(readers)) {
  describe(`RFC 6455 and RFC 7692, read by ${engine}`, () => {
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const { title, stream, seen, deflate = false } of cases) {
          it(title, async () => {
            for (const [name, sizes] of Object.entries(cuts)) {
              const chunks = cut(stream, sizes(stream));
              expect(await read(chunks, { messageBytes, fragments, deflate }), name).toEqual(seen);
            }
          });
        }
      });
    }
  });
}
