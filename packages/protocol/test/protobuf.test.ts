import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { CodecError, protobufCodec } from '../src/protobuf/index.ts';
import { isFrameError, readEnvelope } from '../src/index.ts';
import { anyJson, anyText, check, nearlyFrame } from './arbitraries.ts';
import { allFrames, beginnings, frames, mutated, outcome } from './frame-arbitraries.ts';
import { goldenFrames } from './golden.ts';
import { readFrame, root, writeFrame } from './schema.ts';

const { encode, decode } = protobufCodec;

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function hex(frame: object): string {
  return Buffer.from(encode(frame) as Uint8Array).toString('hex');
}

describe('Protocol Buffers', () => {
  it.each(Object.entries(frames))(
    'gives back %s frames, also by way of another implementation',
    (name, arbitrary) => {
      const message = { confirm: 'ack', defaultEvent: 'publication' }[name] ?? name;
      check(arbitrary, (frame) => {
        const encoded = encode(frame) as Uint8Array;
        expect(decode(encoded)).toEqual(frame);
        expect(readFrame(encoded)).toEqual({ message, frame });
        expect(decode(writeFrame(frame as Readonly<Record<string, unknown>>))).toEqual(frame);
      });
    },
  );

  it('gives back any object, whatever it is', () => {
    check(
      fc.oneof(nearlyFrame, fc.dictionary(anyText, anyJson), fc.record({ type: anyText, id: anyJson })),
      (value) => {
        expect(decode(encode(value as object))).toEqual(value);
      },
    );
  });

  it('uses every message and every field of thrum.proto', () => {
    const used = new Set<string>();
    const visit = (type: protobuf.Type, message: Readonly<Record<string, unknown>>): void => {
      used.add(type.fullName);
      for (const field of type.fieldsArray) {
        const value = Object.hasOwn(message, field.name) ? message[field.name] : undefined;
        if (value === undefined) continue;
        used.add(field.fullName);
        const { resolvedType } = field.resolve();
        if (resolvedType instanceof protobuf.Type)
          for (const item of [value].flat()) visit(resolvedType, item as typeof message);
      }
    };
    const frame = root.lookupType('thrum.v1.Frame');
    for (const golden of goldenFrames()) visit(frame, frame.decode(bytes(golden.protobuf)) as never);
    const declared: string[] = [];
    const collect = (space: protobuf.NamespaceBase): void => {
      for (const nested of space.nestedArray) if (nested instanceof protobuf.Namespace) collect(nested);
      if (space instanceof protobuf.Type)
        declared.push(space.fullName, ...space.fieldsArray.map((field) => field.fullName));
    };
    collect(root);
    expect(declared.length).toBeGreaterThan(80);
    expect(declared.filter((name) => !used.has(name))).toEqual([]);
  });

  it('keeps the absent, the empty, null and zero apart', () => {
    const channel = 'c';
    const kept = [
      { type: 'message', channel, data: null },
      { type: 'message', channel, data: '' },
      { type: 'message', channel, data: 0, id: 0 },
      { type: 'message', channel, data: false, id: '' },
      { type: 'message', channel: '', data: [], event: '', follows: 0 },
      { type: 'message', channel },
      { type: 'subscribe', channel, ack: false },
      { type: 'subscribe', channel, since: { epoch: '', offset: 0 } },
      { type: 'subscribe', channel, since: { last: 0 } },
      { type: 'subscribe', channel, since: {} },
      { type: 'subscribe', channel, since: null },
      { type: 'subscribe', channel, since: [] },
      { type: 'history', channel, limit: 0 },
      { type: 'history', channel, limit: null },
      { type: 'history', channel, limit: -1.5 },
      { type: 'presence', channel, state: null },
      { type: 'presence', channel, members: [], full: false },
      { type: 'left', channel, member: { userId: '', metas: [] } },
      { type: 'error', code: '', message: '', retry: false, after: 0 },
      { type: 'ack', channel },
      { type: 'ack' },
      { type: 'ping', id: null },
      { type: '' },
      { type: null },
      { id: 1 },
      {},
    ];
    for (const frame of kept) expect(decode(encode(frame))).toEqual(frame);
  });

  it('carries what no message has, a lone surrogate too, as JSON', () => {
    for (const frame of [
      { type: 'typing', channel: 'c', id: 'a' },
      { type: 'message', channel: 'c', content: 1 },
      { type: 'auth', token: 5 },
      { type: 'auth', token: '\ud800' },
      { type: '\udc00' },
      { type: 'ping', id: '\ud800' },
      { type: 'subscribe', channel: 'c', since: { last: 1, more: 2 } },
      { type: 'message', channel: 'c', data: 1, event: 'e', timestamp: 1 },
      JSON.parse('{"type":"x","__proto__":{"id":2}}') as object,
    ]) {
      expect(decode(encode(frame))).toEqual(frame);
      // Field 12 of Frame: `json`.
      expect(hex(frame)).toMatch(/^(0a0161)?62/u);
    }
    expect(decode(encode({ type: 'message', channel: 'c', data: '\ud800' }))).toMatchObject({
      data: '\ud800',
    });
    expect(Object.getPrototypeOf(decode(encode(JSON.parse('{"__proto__":{"a":1}}'))))).toBe(Object.prototype);
  });

  it('leaves out what is undefined, as JSON does', () => {
    expect(
      hex({ type: 'subscribed', channel: 'c', position: undefined, recovered: true, id: undefined }),
    ).toBe(hex({ type: 'subscribed', channel: 'c', recovered: true }));
    expect(decode(encode({ type: 'call', method: 'm', params: { a: undefined, b: new Date(0) } }))).toEqual({
      type: 'call',
      method: 'm',
      params: { b: '1970-01-01T00:00:00.000Z' },
    });
  });

  it('throws for what JSON.stringify throws for, and goes on', () => {
    expect(() => encode({ type: 'call', method: 'm', params: 1n })).toThrow(TypeError);
    expect(decode(encode({ type: 'ping' }))).toEqual({ type: 'ping' });
  });

  it('skips fields that it does not know, at every level, and those of another wire type', () => {
    // ping {} with 15: varint, 200: text, 201: 8 bytes, 202: 4 bytes behind it
    expect(decode(bytes('2a00 7801 c20c03616263 c90c0102030405060708 d50c01020304'))).toEqual({
      type: 'ping',
    });
    // auth with the token between unknown fields, one of them the token as a number
    expect(decode(bytes('5a0c 0805 0a0174 1003 1a0178 2001'))).toEqual({
      type: 'auth',
      token: 't',
    });
  });

  it('gives a frame of an unknown number an empty type and its id', () => {
    const envelope = readEnvelope(decode(bytes('0a016dba0602080a')));
    expect(isFrameError(envelope)).toBe(false);
    expect(envelope).toMatchObject({ type: '', id: 'm' });
    expect(readEnvelope(decode(bytes('')))).toMatchObject({ code: 'invalid_frame' });
  });

  it('takes the last of several frames, ids and fields', () => {
    expect(decode(bytes('2a00 5a030a0174 0a0161 1005'))).toEqual({
      type: 'auth',
      token: 't',
      id: 5,
    });
    expect(decode(bytes('5a060a01740a0175'))).toEqual({ type: 'auth', token: 'u' });
  });

  it('reads a varint that is longer than it has to be', () => {
    expect(decode(bytes('10858000 2a00'))).toEqual({ type: 'ping', id: 5 });
    expect(decode(bytes('108580808080808080 8000 2a00'))).toEqual({ type: 'ping', id: 5 });
  });

  it('reads a text message as JSON', () => {
    expect(decode('{"type":"ping"}')).toEqual({ type: 'ping' });
    expect(() => decode('{"type"')).toThrow(SyntaxError);
  });
});

const refused: Readonly<Record<string, string>> = {
  'half a tag': '80',
  'a tag without its field': '2a',
  'a field of 4,294,967,295 bytes': '2affffffff0f',
  'a field of 2^63 bytes': '2affffffffffffffff7f',
  'a field that is one byte too long': '2a01',
  'a field inside that reaches beyond its frame': '5a030a0574',
  'a length that is cut off': '2a80',
  'a varint of 11 bytes': `10${'80'.repeat(10)}002a00`,
  'a varint of more than 64 bits': `10${'ff'.repeat(9)}022a00`,
  'a varint that never ends': `10${'ff'.repeat(200)}`,
  'the field number 0': '0200',
  'a field number beyond 2^29': '8080808010',
  'the start of a group': '2b2c',
  'the end of a group': '2c',
  'wire type 6': '2e',
  'wire type 7': '2f',
  'text that is not UTF-8': '5a040a02c328',
  'an id that is not UTF-8': '0a01ff2a00',
  'a double that is cut off': '9a0103210102',
  NaN: '9a010921000000000000f87f',
  Infinity: '9a010921000000000000f07f',
  'data that is no JSON': '1a03120178',
  'data that is empty': '1a021200',
  'data that is not UTF-8': '1a031201ff',
  'fields that are an array': '620412025b5d',
  'fields that are null': '620612046e756c6c',
  'JSON text as bytes': Buffer.from('{"type":"ping"}').toString('hex'),
};

describe('Protocol Buffers refuses', () => {
  it.each(Object.entries(refused))('%s', (_, data) => {
    expect(() => decode(bytes(data))).toThrow(CodecError);
  });

  it('whatever else is no frame, with its own error and nothing else', () => {
    check(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated(encode)), (data) => outcome(decode, data));
  });

  it('every beginning of a frame that has its fields in one message', () => {
    check(allFrames, (frame) => {
      const { id: _, ...rest } = frame as { id?: unknown };
      for (const part of beginnings(encode(rest) as Uint8Array).slice(1)) {
        if (outcome(decode, part) !== 'refused')
          throw new Error(`expected a refusal of ${part.length} bytes`);
      }
    });
  });
});
