import { describe, expect, test } from 'vitest';
import { clientFrame, FrameReader, opcodes } from '../load/frames.ts';

/** An unmasked frame, as servers send them. */
function serverFrame(opcode: number, payload: string): Buffer {
  const bytes = Buffer.from(payload);
  const head =
    bytes.length < 126
      ? Buffer.from([0x80 | opcode, bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([0x80 | opcode, 126, bytes.length >> 8, bytes.length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), length32(bytes.length)]);
  return Buffer.concat([head, bytes]);
}

function length32(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** Reads chunks and tells what came; payloads of frames up to `longest` bytes are asked for. */
function read(chunks: readonly Buffer[], longest: number): readonly string[] {
  const seen: string[] = [];
  const reader = new FrameReader({
    begins: (_, length) => length <= longest,
    passed: (opcode, length) => seen.push(`${opcode} passed ${length}`),
    payload: (opcode, bytes) => seen.push(`${opcode} ${bytes.toString()}`),
  });
  for (const chunk of chunks) {
    // In the middle of something larger, as the bytes behind a handshake's answer are.
    const around = Buffer.concat([Buffer.from([0xff, 0xff]), chunk, Buffer.from([0xff])]);
    reader.read(around, 2, 2 + chunk.length);
  }
  return seen;
}

const stream = Buffer.concat([
  serverFrame(opcodes.text, 'hello'),
  serverFrame(opcodes.text, ''),
  serverFrame(opcodes.text, 'x'.repeat(125)),
  serverFrame(opcodes.binary, 'x'.repeat(126)),
  serverFrame(opcodes.ping, 'p'),
  serverFrame(opcodes.text, 'x'.repeat(70_000)),
  serverFrame(opcodes.text, 'bye'),
]);
const expected = ['1 hello', '1 ', '1 passed 125', '2 passed 126', '9 p', '1 passed 70000', '1 bye'];

describe('the frame reader', () => {
  test('tells the payloads it was asked for and steps over the others', () => {
    expect(read([stream], 5)).toEqual(expected);
  });

  test('does not care where chunks are cut', () => {
    for (const size of [1, 2, 3, 5, 7, 64, 127, 1000]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
      expect(read(chunks, 5), `chunks of ${size}`).toEqual(expected);
    }
  });

  test('keeps what it needs when the memory of a chunk is used again', () => {
    const seen: string[] = [];
    const reader = new FrameReader({
      begins: () => true,
      passed: () => {},
      payload: (_, bytes) => seen.push(bytes.toString()),
    });
    const shared = Buffer.alloc(1);
    for (const byte of serverFrame(opcodes.text, 'abc'.repeat(50))) {
      shared[0] = byte;
      reader.read(shared, 0, 1);
    }
    expect(seen).toEqual(['abc'.repeat(50)]);
  });

  test('passes on what is compressed, where that was agreed on', () => {
    const seen: string[] = [];
    const sink = {
      begins: () => true,
      passed: () => {},
      payload: (_: number, bytes: Buffer, isCompressed: boolean) => seen.push(`${bytes} ${isCompressed}`),
    };
    const bytes = Buffer.concat([Buffer.from([0xc1, 1, 0x61]), Buffer.from([0x81, 1, 0x62])]);
    new FrameReader(sink, true).read(bytes, 0, bytes.length);
    expect(seen).toEqual(['a true', 'b false']);
    expect(() => new FrameReader(sink, true).read(Buffer.from([0xa1, 0]), 0, 2)).toThrow('RSV');
  });

  test('refuses what no peer sends: fragments, reserved bits, masked frames', () => {
    expect(() => read([Buffer.from([0x01, 0x00])], 5)).toThrow('fragment');
    expect(() => read([Buffer.from([0xc1, 0x00])], 5)).toThrow('RSV');
    expect(() => read([Buffer.from([0x81, 0x80, 0, 0, 0, 0])], 5)).toThrow('masked');
  });
});

test('a client frame is masked with zeros and carries its length in 7 or 16 bits', () => {
  expect(clientFrame(opcodes.text, 'hi').toString('hex')).toBe('8182000000006869');
  expect(clientFrame(opcodes.text, 'x'.repeat(126)).subarray(0, 8).toString('hex')).toBe('81fe007e00000000');
  expect(() => clientFrame(opcodes.text, 'x'.repeat(65_536))).toThrow(RangeError);
});
