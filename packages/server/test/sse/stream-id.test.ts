import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeStreamId,
  encodeStreamId,
  fingerprintOf,
  maxIdLength,
} from '../../src/transports/sse/stream-id.ts';

const epoch = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => text.length <= 64);
const position = fc.record({ epoch, offset: fc.maxSafeNat() });
const positions = fc.array(fc.option(position, { nil: undefined }), { minLength: 1, maxLength: 12 });
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `channel ${n}`);

describe('the id of a stream', () => {
  it('reads back as the positions that it was made of', () => {
    fc.assert(
      fc.property(positions, (given) => {
        const print = fingerprintOf(names(given.length));
        const id = encodeStreamId(print, given);
        expect(id).toMatch(/^[\w-]+$/);
        expect(decodeStreamId(id, print, given.length)).toEqual(given);
      }),
    );
  });

  it('of another list of channels, or of another order, is none', () => {
    fc.assert(
      fc.property(positions, (given) => {
        const channels = names(given.length + 1);
        const id = encodeStreamId(fingerprintOf(channels.slice(1)), given);
        expect(decodeStreamId(id, fingerprintOf(channels), given.length)).toBeUndefined();
      }),
    );
    const id = encodeStreamId(fingerprintOf(['a', 'b']), [{ epoch: 'e', offset: 1 }, undefined]);
    expect(decodeStreamId(id, fingerprintOf(['b', 'a']), 2)).toBeUndefined();
    expect(decodeStreamId(id, fingerprintOf(['a,b']), 1)).toBeUndefined();
  });

  it('is nothing but what was made here: any other text is refused, and nothing throws', () => {
    const print = fingerprintOf(['a']);
    const bytes = fc.uint8Array({ maxLength: 40 }).map((tail) => {
      return Buffer.concat([Buffer.from([1]), print, tail]).toString('base64url');
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), bytes), (text) => {
        const read = decodeStreamId(text, print, 1);
        if (read !== undefined) expect(encodeStreamId(print, read)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('is refused by its length before anything is read', () => {
    const print = fingerprintOf(['a']);
    expect(decodeStreamId('A'.repeat(maxIdLength + 1), print, 1)).toBeUndefined();
    expect(decodeStreamId('A'.repeat(1_000_000), print, 1)).toBeUndefined();
  });

  it.each([
    ['cut', (id: string) => id.slice(0, -2)],
    ['longer', (id: string) => `${id}AAAA`],
    ['of another version', (id: string) => `Ag${id.slice(2)}`],
    ['with padding', (id: string) => `${id}=`],
    ['empty', () => ''],
  ])('is none when it is %s', (_, change) => {
    const print = fingerprintOf(['a']);
    const id = encodeStreamId(print, [{ epoch: 'k3v9', offset: 12 }]);
    expect(decodeStreamId(id, print, 1)).toEqual([{ epoch: 'k3v9', offset: 12 }]);
    expect(decodeStreamId(change(id), print, 1)).toBeUndefined();
  });

  it('holds an epoch once, however many channels share it', () => {
    const shared = names(100).map(() => ({ epoch: 'tybN4zYe', offset: 1000 }));
    expect(encodeStreamId(fingerprintOf(names(100)), shared).length).toBeLessThan(450);
  });

  it('holds 100 channels with epochs of 16 bytes at the largest offsets', () => {
    const given = names(100).map((_, n) => ({
      epoch: `epoch-${n}`.padEnd(16, 'x'),
      offset: Number.MAX_SAFE_INTEGER,
    }));
    const id = encodeStreamId(fingerprintOf(names(100)), given);
    expect(id.length).toBeLessThanOrEqual(maxIdLength);
    expect(decodeStreamId(id, fingerprintOf(names(100)), 100)).toEqual(given);
  });
});
