import type { Writer } from '../binary/writer.ts';

/**
 * Writes a value as `JSON.stringify` would: what that leaves out is left out, what it calls null is nil.
 * @throws what `JSON.stringify` throws, for a cycle, a BigInt or a `toJSON` that throws.
 */
export function encodeValue(out: Writer, given: unknown): void {
  const value = plain(given);
  if (typeof value === 'string') encodeText(out, value);
  else if (typeof value === 'number') encodeNumber(out, value);
  else if (typeof value === 'boolean') out.byte(value ? 0xc3 : 0xc2);
  else if (typeof value !== 'object' || value === null) out.byte(0xc0);
  else if (Array.isArray(value)) {
    head(out, value.length, 0x90, 16, 0xdb, 1);
    for (const item of value) encodeValue(out, item);
  } else encodeObject(out, value as Readonly<Record<string, unknown>>);
}

function encodeObject(out: Writer, value: Readonly<Record<string, unknown>>): void {
  const start = out.at;
  const keys = Object.keys(value);
  head(out, keys.length, 0x80, 16, 0xdd, 1);
  for (const key of keys) {
    const item = plain(value[key]);
    if (!isKept(item)) {
      // The count is wrong: once more, without what is left out.
      out.at = start;
      const entries = keys.map((name) => [name, plain(value[name])] as const);
      encodeObject(out, Object.fromEntries(entries.filter(([, kept]) => isKept(kept))));
      return;
    }
    encodeText(out, key);
    encodeValue(out, item);
  }
}

/** What JSON makes of a value that it may not take as it is: whatever is no plain object, array or primitive. */
function plain(value: unknown): unknown {
  if (isPlain(value)) return value;
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint';
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

function isKept(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}

function encodeText(out: Writer, text: string): void {
  out.text(text, (length) => head(out, length, 0xa0, 32, 0xd9, 0));
}

function encodeNumber(out: Writer, value: number): void {
  if (Number.isSafeInteger(value)) {
    if (value < -0x20) sized(out, value, -2 * value - 1, 0xd0, 0);
    else if (value < 0x80) out.byte(value);
    else sized(out, value, value, 0xcc, 0);
  } else if (Number.isFinite(value)) {
    out.byte(0xcb);
    out.double(value, false);
  } else out.byte(0xc0);
}

/** A length: in the first byte where that has room for it. */
function head(out: Writer, length: number, fixed: number, end: number, first: number, least: number): void {
  if (length < end) out.byte(fixed + length);
  else sized(out, length, length, first, least);
}

/** What 1, 2, 4 and 8 bytes do not hold. */
const limits = [2 ** 8, 2 ** 16, 2 ** 32, 2 ** 64] as const;

/**
 * A whole number behind a byte that says of how many bytes: `first` of 1, the next of 2, of 4, of 8.
 * @param range what a number without a sign must hold to have room for it
 * @param least where to begin: some types come with 2 and 4 bytes only
 */
function sized(out: Writer, value: number, range: number, first: number, least: number): void {
  let power = least;
  while (range >= (limits[power] as number)) power += 1;
  out.byte(first + power);
  const start = out.take(1 << power);
  let rest = value;
  for (let i = out.at - 1; i >= start; i -= 1) {
    // Rounded down, a negative number gives the bytes of its two's complement.
    out.bytes[i] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
}
