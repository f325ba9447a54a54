import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unmask } from '../../src/transports/websocket/thrum/unmask.ts';

describe('unmasking', () => {
  it('gives back what was masked, touches nothing else, and finds the one byte that is not ASCII', () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.nat(9),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.option(fc.nat(299)),
        (length, shift, mask, odd) => {
          const plain = Buffer.from(Array.from({ length }, (_, index) => (index * 37) % 128));
          const isAscii = odd === null || odd >= length;
          if (!isAscii) plain[odd] = 0x80 | (plain[odd] ?? 0);
          const bytes = Buffer.alloc(shift + 4 + length + 5, 0xee);
          bytes.set(mask, shift);
          for (let index = 0; index < length; index += 1) {
            bytes[shift + 4 + index] = (plain[index] ?? 0) ^ (mask[index & 3] ?? 0);
          }
          expect(unmask(bytes, shift, shift + 4, shift + 4 + length)).toBe(isAscii);
          expect(bytes.subarray(shift + 4, shift + 4 + length).equals(plain)).toBe(true);
          const around = [...bytes.subarray(0, shift), ...bytes.subarray(shift + 4 + length)];
          expect(new Set(around)).toEqual(new Set([0xee]));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
