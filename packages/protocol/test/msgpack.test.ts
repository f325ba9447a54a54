import * as MessagePack from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError, msgpackCodec } from '../src/msgpack/index.ts';
import { anyJson, anyText, check, nearlyFrame } from './arbitraries.ts';
import { allFrames, beginnings, encodable, mutated, outcome } from './frame-arbitraries.ts';

const { encode, decode } = msgpackCodec;

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

/** As JSON would bring it over, with what only JSON can carry replaced. */
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('MessagePack', () => {
  it('gives back every frame', () => {
    check(allFrames, (frame) => expect(decode(encode(frame))).toEqual(throughJson(frame)));
  });

  it('gives back any object, whatever it is', () => {
    check(fc.oneof(nearlyFrame, fc.dictionary(anyText, anyJson)).map(encodable), (value) => {
      expect(decode(encode(value as object))).toEqual(value);
    });
  });

  it('is read by another implementation, and reads what that writes', () => {
    check(fc.record({ type: anyText, data: anyJson }).map(encodable), (frame) => {
      // The other one refuses this key, whoever it belongs to.
      fc.pre(!JSON.stringify(frame).includes('"__proto__"'));
      expect(MessagePack.decode(encode(frame as object) as Uint8Array)).toEqual(frame);
      for (const options of [{}, { forceFloat32: false, forceIntegerToFloat: true }, { useBigInt64: true }]) {
        expect(decode(MessagePack.encode(frame, options))).toEqual(frame);
      }
    });
  });

  it.each([
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    0x1_0000,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 60,
    -1,
    -0x20,
    -0x21,
    -0x80,
    -0x81,
    -0x8000,
    -0x8001,
    -(2 ** 31),
    -(2 ** 31) - 1,
    -(2 ** 53) + 1,
    -(2 ** 53),
    0.1,
    -0.5,
    1e308,
    5e-324,
    1.5,
  ])('carries %d exactly, as another implementation does', (n) => {
    expect(decode(encode({ n }))).toEqual({ n });
    expect(MessagePack.decode(encode({ n }) as Uint8Array)).toEqual({ n });
    expect(decode(MessagePack.encode({ n }))).toEqual({ n });
    const big = Number.isInteger(n) && Math.abs(n) < 2 ** 63 ? BigInt(n) : n;
    expect(decode(MessagePack.encode({ n: big }, { useBigInt64: true }))).toEqual({ n });
  });

  it.each([15, 16, 31, 32, 64, 65, 255, 256, 65_535, 65_536])('carries lengths of %d', (length) => {
    const object = Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index]));
    const frame = {
      text: 'x'.repeat(length),
      wide: 'é'.repeat(length),
      list: Array.from({ length }, () => 1),
      object,
    };
    expect(decode(encode(frame))).toEqual(frame);
    expect(MessagePack.decode(encode(frame) as Uint8Array)).toEqual(frame);
    expect(decode(MessagePack.encode(frame))).toEqual(frame);
  });

  it('takes values as JSON.stringify does', () => {
    class Point {
      x = 1;
      y = undefined;
    }
    const values = {
      date: new Date(0),
      invalid: new Date(Number.NaN),
      nan: Number.NaN,
      infinite: -Infinity,
      negativeZero: -0,
      gone: undefined,
      call: () => 1,
      symbol: Symbol('s'),
      holes: Object.assign([undefined, () => 1, Symbol('s')], { 5: 1 }),
      map: new Map([[1, 2]]),
      boxed: [new String('a'), new Number(1), new Boolean(false)],
      point: new Point(),
      nested: { toJSON: () => ({ a: undefined, b: new Date(1) }) },
      vanishing: { toJSON: () => undefined },
      typed: new Uint8Array([1, 2]),
      nothing: null,
    };
    const expected = throughJson(values) as { negativeZero: number };
    expect(decode(encode(values))).toEqual(expected);
    expect(Object.is((decode(encode(values)) as typeof expected).negativeZero, 0)).toBe(true);
  });

  it('throws for what JSON.stringify throws for, and goes on', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => encode(cycle)).toThrow();
    expect(() => encode({ big: 1n })).toThrow(TypeError);
    const throwing = {
      toJSON() {
        encode({ inner: 'x'.repeat(5000) });
        throw new Error('mine');
      },
    };
    expect(() => encode({ before: 'b', throwing })).toThrow('mine');
    expect(decode(encode({ ok: 1 }))).toEqual({ ok: 1 });
  });

  it('makes U+FFFD of a lone surrogate, which UTF-8 does not have', () => {
    expect(decode(encode({ text: 'a\ud800b' }))).toEqual({ text: 'a\ufffdb' });
  });

  it('reads a text message as JSON', () => {
    expect(decode('{"type":"ping"}')).toEqual({ type: 'ping' });
    expect(() => decode('{"type"')).toThrow(SyntaxError);
  });

  it('never gives an object another prototype, and takes the last of a key that comes twice', () => {
    const polluted = decode(bytes('83a95f5f70726f746f5f5f81a561646d696ec3a16101a16102')) as Record<
      string,
      unknown
    >;
    expect(Object.getPrototypeOf(polluted)).toBe(Object.prototype);
    expect(Object.keys(polluted)).toEqual(['__proto__', 'a']);
    expect(polluted['a']).toBe(2);
    expect(polluted['admin']).toBeUndefined();
    expect(encode(polluted)).toEqual(new Uint8Array(bytes('82a95f5f70726f746f5f5f81a561646d696ec3a16102')));
  });

  it('nests as deep as its bytes reach, as JSON does', () => {
    const depth = 60_000;
    let value = decode(new Uint8Array([...new Uint8Array(depth).fill(0x91), 0xc0]));
    for (let level = 0; level < depth; level += 1) value = (value as unknown[])[0];
    expect(value).toBe(null);
  });
});

const refused: Readonly<Record<string, string>> = {
  'no byte': '',
  'half a map': '81',
  'a map without its value': '81a161',
  'a text that is cut off': 'a5616263',
  'bytes behind the value': 'c0c0',
  'an array of 4,294,967,295': 'ddffffffff',
  'a map of 4,294,967,295': 'dfffffffff01',
  'a map of as many as there are bytes': 'de0004a161a162a1',
  'a text of 4,294,967,295': 'dbffffffff61',
  'an array of 65,535 in an array': '91dcffff01',
  'a length that is cut off': 'dc00',
  'a double that is cut off': 'cb3ff00000',
  'the type that is never used': 'c1',
  bytes: 'c40101',
  'bytes of 4,294,967,295': 'c6ffffffff',
  'an extension': 'd40100',
  'a date': 'd6ff00000000',
  'a date of 12 bytes': 'c70cff000000000000000000000000',
  'a number as a key': '810101',
  'nil as a key': '81c001',
  'a map as a key': '818001',
  'bytes as a key': '81c4016101',
  'text that is not UTF-8': 'a2c328',
  'a surrogate in UTF-8': 'a3eda080',
  'a long text that is not UTF-8': `d930${'61'.repeat(47)}ff`,
  NaN: 'cb7ff8000000000000',
  Infinity: 'cb7ff0000000000000',
  'Infinity in 32 bits': 'ca7f800000',
  'an array without its last item in 60,000': '91'.repeat(60_000),
};

describe('MessagePack refuses', () => {
  it.each(Object.entries(refused))('%s', (_, hex) => {
    expect(() => decode(bytes(hex))).toThrow(CodecError);
  });

  it('whatever else is no frame, with its own error and nothing else', () => {
    check(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated(encode)), (data) => outcome(decode, data));
  });

  it('every beginning of a frame', () => {
    check(allFrames, (frame) => {
      for (const part of beginnings(encode(frame) as Uint8Array)) {
        if (outcome(decode, part) !== 'refused')
          throw new Error(`expected a refusal of ${part.length} bytes`);
      }
    });
  });
});
