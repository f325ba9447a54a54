import {
  type ByteClient,
  type Closed,
  closePayload,
  frameBytes,
  type FrameSpec,
  opcodes,
} from '@thrum/testkit';
import { same } from '../check.ts';
import type { WireCase } from '../options.ts';
import { fine } from './bytes-fine.ts';
import { fuzz } from './bytes-fuzz.ts';

interface Violation {
  readonly title: string;
  readonly frames: readonly FrameSpec[];
  readonly close: Closed;
}

const protocolError: Closed = { code: 1002, reason: 'Protocol error' };
const invalidUtf8: Closed = { code: 1007, reason: 'Invalid UTF-8' };
const tooBig: Closed = { code: 1009, reason: 'Message too big' };
const tooManyFragments: Closed = { code: 1008, reason: 'Too many fragments' };

const ping = '{"type":"ping"}';
const begin: FrameSpec = { fin: false, payload: ping.slice(0, 5) };

function hex(bytes: string): Buffer {
  return Buffer.from(bytes, 'hex');
}

function protocolErrors(): readonly Violation[] {
  const of = (title: string, ...frames: readonly FrameSpec[]): Violation => ({
    title,
    frames,
    close: protocolError,
  });
  const reserved = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
  const closeCodes = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535];
  return [
    of('an unmasked text frame', { payload: ping, masked: false }),
    of('an unmasked ping', { opcode: opcodes.ping, masked: false }),
    of('RSV1 with no extension', { payload: ping, rsv: 4 }),
    of('RSV2', { payload: ping, rsv: 2 }),
    of('RSV3', { payload: ping, rsv: 1 }),
    of('RSV1 on a ping', { opcode: opcodes.ping, rsv: 4 }),
    ...reserved.map((opcode) => of(`the reserved opcode ${opcode}`, { opcode })),
    of('a continuation of nothing', { opcode: opcodes.continuation, payload: ping }),
    of('an unfinished continuation of nothing', { opcode: opcodes.continuation, payload: ping, fin: false }),
    of(
      'a second continuation after the end',
      { payload: ping },
      { opcode: opcodes.continuation, payload: 'x' },
    ),
    of('a text frame inside a fragmented message', begin, { payload: ping }),
    of('a binary frame inside a fragmented message', begin, { opcode: opcodes.binary, payload: ping }),
    of('a fragmented ping', { opcode: opcodes.ping, fin: false }),
    of('a fragmented pong', { opcode: opcodes.pong, fin: false }),
    of('a fragmented close', { opcode: opcodes.close, fin: false, payload: closePayload(1000) }),
    of('a ping of 126 bytes', { opcode: opcodes.ping, payload: 'x'.repeat(126) }),
    of('a close of 126 bytes', { opcode: opcodes.close, payload: closePayload(1000, 'x'.repeat(124)) }),
    of('a close with half a code', { opcode: opcodes.close, payload: hex('03') }),
    ...closeCodes.map((code) =>
      of(`a close with the code ${code}`, { opcode: opcodes.close, payload: closePayload(code) }),
    ),
  ];
}

function invalidTexts(): readonly Violation[] {
  const texts: Readonly<Record<string, string>> = {
    'a byte that never occurs': '22ff22',
    'an overlong slash': '22c0af22',
    'an encoded surrogate': '22eda08022',
    'a code point beyond the last': '22f490808022',
    'a letter that is cut off': '22e282',
    'a continuation byte alone': '228022',
  };
  return [
    ...Object.entries(texts).map(([title, bytes]) => ({
      title: `a text message with ${title}`,
      frames: [{ payload: hex(bytes) }],
      close: invalidUtf8,
    })),
    {
      title: 'a fragmented text whose second part is not UTF-8',
      frames: [
        { fin: false, payload: hex('22e2') },
        { opcode: opcodes.continuation, payload: hex('28a122') },
      ],
      close: invalidUtf8,
    },
    {
      title: 'a close whose reason is not UTF-8',
      frames: [{ opcode: opcodes.close, payload: closePayload(1000, hex('ff')) }],
      close: invalidUtf8,
    },
  ];
}

function floods(messageBytes: number, fragments: number): readonly Violation[] {
  const part = (length: number): FrameSpec => ({
    opcode: opcodes.continuation,
    fin: false,
    payload: 'x'.repeat(length),
  });
  const start: FrameSpec = { fin: false, payload: '"' };
  const half = Math.ceil(messageBytes / 2);
  return [
    { title: 'one byte too many, sent', frames: [{ payload: 'x'.repeat(messageBytes + 1) }], close: tooBig },
    {
      title: 'one byte too many, declared',
      frames: [{ length: messageBytes + 1, lengthBytes: 8 }],
      close: tooBig,
    },
    { title: 'a gigabyte, declared', frames: [{ length: 2 ** 30, lengthBytes: 8 }], close: tooBig },
    {
      title: 'a gigabyte of binary, declared',
      frames: [{ opcode: opcodes.binary, length: 2 ** 30, lengthBytes: 8 }],
      close: tooBig,
    },
    { title: 'fragments that are too large in sum', frames: [start, part(half), part(half)], close: tooBig },
    {
      title: 'a fragment that declares too much in sum',
      frames: [start, part(half), { ...part(0), length: half, lengthBytes: 8 }],
      close: tooBig,
    },
    {
      title: `${fragments + 1} fragments`,
      frames: [start, ...Array.from({ length: fragments }, () => part(1))],
      close: tooManyFragments,
    },
    {
      title: 'a flood of empty fragments',
      frames: [start, ...Array.from({ length: fragments * 10 }, () => part(0))],
      close: tooManyFragments,
    },
  ];
}

export function bytes({
  limits,
}: {
  readonly limits?: { readonly messageBytes?: number; readonly fragments?: number };
}): readonly WireCase[] {
  const all = [
    ...protocolErrors(),
    ...invalidTexts(),
    ...floods(limits?.messageBytes ?? 65_536, limits?.fragments ?? 64),
  ];
  return [...fine, ...all.map(violated), ...closing, ...fuzz];
}

function violated({ title, frames, close }: Violation): WireCase {
  return {
    section: 12,
    title: `${title} closes with ${close.code} ${close.reason}`,
    run: async (wire) => {
      const client = await wire.bytes();
      client.write(Buffer.concat(frames.map((frame) => frameBytes(frame))));
      same(await client.closed(), close);
      await client.ended();
    },
  };
}

const closes: Readonly<Record<string, Uint8Array>> = {
  '1000 and a reason': closePayload(1000, 'bye'),
  '1001': closePayload(1001),
  '3000': closePayload(3000),
  '4999': closePayload(4999),
};

const closing: readonly WireCase[] = [
  ...Object.entries(closes).map(([title, payload]): WireCase => ({
    section: 1,
    title: `a close with ${title} is answered by a close with the same code, and the TCP connection ends`,
    run: async (wire) => {
      const client = await wire.bytes();
      client.frame({ opcode: opcodes.close, payload });
      same((await client.closed()).code, Buffer.from(payload).readUInt16BE());
      await client.ended();
    },
  })),
  {
    section: 1,
    title: 'a close without a code is answered by a close, and the TCP connection ends',
    run: async (wire) => {
      const client = await wire.bytes();
      client.frame({ opcode: opcodes.close });
      await client.next(opcodes.close);
      await client.ended();
    },
  },
  {
    section: 1,
    title: 'what comes after a close frame is not read',
    run: async (wire) => {
      const client = await wire.bytes();
      client.write(
        Buffer.concat([
          frameBytes({ opcode: opcodes.close, payload: closePayload(1000) }),
          frameBytes({ payload: ping }),
        ]),
      );
      same((await client.closed()).code, 1000);
      await client.ended();
      same(texts(client), []);
    },
  },
  {
    section: 1,
    title: 'a connection that ends in the middle of a frame, or by RST, harms nobody',
    run: async (wire) => {
      const other = await wire.connect('bob');
      for (const end of [
        (client: ByteClient) => client.reset(),
        (client: ByteClient) => client.socket.destroy(),
      ]) {
        const client = await wire.bytes();
        client.write('81 fe');
        end(client);
        same((await other.ask({ type: 'ping' })).type, 'pong');
      }
    },
  },
];

function texts(client: ByteClient): unknown[] {
  return client.frames.waiting(({ opcode }) => opcode === opcodes.text);
}
