import { frameBytes, opcodes } from '@thrum/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { follow, type Unfinished } from '../../src/transports/websocket/ws/unfinished.ts';
import { cut, readByThrum, readByWs } from './streams.ts';

const rules = { messageBytes: 1000, fragments: 5, deflate: false };

const payload = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 130 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 2, arbitrary: fc.nat(1010).map((length) => Buffer.alloc(length, 'é')) },
);

/** One message in fragments, with pings and pongs between them. */
const message = fc
  .record({
    opcode: fc.constantFrom(opcodes.text, opcodes.binary),
    parts: fc.array(payload, { minLength: 1, maxLength: 6 }),
    between: fc.array(fc.constantFrom(undefined, opcodes.ping, opcodes.pong), { minLength: 1 }),
  })
  .map(({ opcode, parts, between }) =>
    Buffer.concat(
      parts.flatMap((part, index) => {
        const control = between[index % between.length];
        const frame = frameBytes({
          opcode: index === 0 ? opcode : opcodes.continuation,
          fin: index === parts.length - 1,
          payload: part,
        });
        if (control === undefined) return [frame];
        return [frameBytes({ opcode: control, payload: part.subarray(0, 125) }), frame];
      }),
    ),
  );

/** A frame that keeps to few rules. */
const oddFrame = fc
  .record({
    fin: fc.boolean(),
    rsv: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(7)),
    opcode: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 1, 2, 8, 9, 10) }, fc.nat(15)),
    masked: fc.oneof({ weight: 19, arbitrary: fc.constant(true) }, fc.constant(false)),
    payload: fc.oneof({ weight: 3, arbitrary: payload }, fc.constant(Buffer.from([0x03, 0xe8, 0x41]))),
  })
  .chain((spec) =>
    fc.constantFrom(
      frameBytes(spec),
      // More bytes for the length than it needs, which the RFC forbids to senders and ws does not mind.
      frameBytes({ ...spec, lengthBytes: 2 }),
      frameBytes({ ...spec, lengthBytes: 8 }),
      frameBytes({ ...spec, payload: '', length: 2 ** 40 }),
    ),
  );

const close = fc
  .tuple(fc.constantFrom(1000, 1001, 1003, 1004, 1005, 1014, 1015, 2999, 3000, 4999, 5000), payload)
  .map(([code, reason]) => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(code);
    return frameBytes({ opcode: opcodes.close, payload: Buffer.concat([bytes, reason.subarray(0, 123)]) });
  });

const stream = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: message },
      { weight: 2, arbitrary: oddFrame },
      { weight: 1, arbitrary: close },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

/** A stream with some of its bits turned, a piece left out, or its end cut off. */
const mutated = fc
  .record({
    bytes: stream,
    flips: fc.array(fc.tuple(fc.nat(), fc.nat(7)), { maxLength: 3 }),
    hole: fc.option(fc.tuple(fc.nat(), fc.nat(8))),
  })
  .map(({ bytes, flips, hole }) => {
    const changed = Buffer.from(bytes);
    for (const [at, bit] of flips) {
      const index = at % Math.max(1, changed.length);
      changed[index] = (changed[index] ?? 0) ^ (1 << bit);
    }
    if (hole === null) return changed;
    const start = hole[0] % Math.max(1, changed.length);
    return Buffer.concat([changed.subarray(0, start), changed.subarray(start + hole[1])]);
  });

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2000 })), {
  minLength: 1,
  maxLength: 8,
});

/** All that can come of a stream; a run that meets less of it proves less than it says. */
const outcomes = [
  'text',
  'binary',
  'ping',
  'close',
  'failed 1002',
  'failed 1007',
  'failed 1008',
  'failed 1009',
];

const seed = Number(process.env['THRUM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`THRUM_SEED=${seed}\n`);
/** THRUM_RUNS multiplies: 3000 is ten times as many. */
const numRuns = Math.ceil((2000 * Number(process.env['THRUM_RUNS'] ?? 300)) / 300);

/** Compares both readers on streams. */
async function compare(streams: fc.Arbitrary<Buffer>): Promise<void> {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(streams, sizes, async (bytes, cuts) => {
      const chunks = cut(bytes, cuts);
      const { seen } = readByThrum(chunks, rules);
      expect(seen).toEqual(await readByWs(chunks, rules));
      for (const each of seen)
        met.add('failed' in each ? `failed ${each.failed}` : (Object.keys(each)[0] ?? ''));
    }),
    { seed, numRuns },
  );
  expect([...met]).toEqual(expect.arrayContaining(outcomes));
}

describe('Thrum’s receiver beside that of ws', () => {
  it('reads the same out of streams that are mostly right, however they are cut', () => compare(stream));

  it('reads the same out of streams that were damaged', () => compare(mutated));

  it('keeps something between two chunks exactly when a message has begun and not ended, and knows since when', () => {
    fc.assert(
      fc.property(mutated, sizes, (bytes, cuts) => {
        const chunks = cut(bytes, cuts);
        const { seen, unfinished } = readByThrum(chunks, rules);
        const whole = seen.some((each) => 'failed' in each || 'close' in each)
          ? unfinished.length - 1
          : chunks.length;
        let followed: Unfinished | undefined;
        for (let tick = 0; tick < whole; tick += 1) {
          followed = follow(chunks[tick] as Buffer, followed, tick);
          expect(unfinished[tick]?.since).toBe(followed?.since);
        }
      }),
      { seed, numRuns },
    );
  });
});
