import { describe, expect, it } from 'vitest';
import { msgpackCodec } from '../src/msgpack/index.ts';
import { protobufCodec } from '../src/protobuf/index.ts';
import { encodedFrames, goldenFrames, writeGoldenFrames } from './golden.ts';

// After a change of the bytes that is meant: THRUM_WRITE_VECTORS=1 vitest run packages/protocol/test/codec-vectors.test.ts
if (process.env['THRUM_WRITE_VECTORS'] === '1') writeGoldenFrames();

const golden = goldenFrames();

describe('golden bytes', () => {
  it('are those of every golden frame, and none has changed', () => {
    expect(encodedFrames()).toEqual(golden);
  });

  it.each(golden)('of $name are read', ({ json, msgpack, protobuf }) => {
    const frame = JSON.parse(json) as unknown;
    expect(msgpackCodec.decode(Buffer.from(msgpack, 'hex'))).toEqual(frame);
    expect(protobufCodec.decode(Buffer.from(protobuf, 'hex'))).toEqual(frame);
  });
});
