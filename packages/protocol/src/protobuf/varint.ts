import type { Reader } from '../binary/reader.ts';
import type { Writer } from '../binary/writer.ts';

/** A non-negative safe integer, seven bits a byte, the lowest first. */
export function writeVarint(out: Writer, value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out.byte((rest % 128) + 128);
  out.byte(rest);
}

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

/**
 * Beyond 2^53 about the number that was meant: no guard takes it.
 * @throws CodecError for one of more than 64 bits.
 */
export function readVarint(from: Reader): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = from.byte();
    value += (byte & 0x7f) * factor;
    if (factor === 2 ** 63 && byte > 1) throw from.error('a varint of 64 bits before');
    if (byte < 0x80) return value;
  }
}
