import type { Reader } from '../binary/reader.ts';
import { isShortAscii, type Writer } from '../binary/writer.ts';
import { isWellFormed } from '../names.ts';
import { isOffset } from '../position.ts';
import { readVarint, writeVarint } from './varint.ts';

/** How the bytes of a field are cut (protobuf.dev, Encoding, Message Structure). */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** How the values of a field are spelled. */
export interface Kind {
  readonly wireType: number;
  /** False where the value is not of this kind; what was written until then is taken back. */
  write(out: Writer, value: unknown): boolean;
  read(from: Reader): unknown;
}

/** Numbers that JSON can write too. */
export const double: Kind = {
  wireType: wireTypes.fixed64,
  write(out, value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return false;
    // JSON has no -0.
    out.double(value + 0, true);
    return true;
  },
  read(from) {
    const at = from.take(8);
    const value = from.view.getFloat64(at, true);
    if (!Number.isFinite(value)) throw from.error('a finite number before');
    return value;
  },
};

export const uint: Kind = {
  wireType: wireTypes.varint,
  write(out, value) {
    if (!isOffset(value)) return false;
    writeVarint(out, value);
    return true;
  },
  read: readVarint,
};

export const bool: Kind = {
  wireType: wireTypes.varint,
  write(out, value) {
    if (typeof value !== 'boolean') return false;
    out.byte(Number(value));
    return true;
  },
  read: (from) => readVarint(from) !== 0,
};

/** The word `latest` as a flag. */
export const latest: Kind = {
  ...bool,
  write: (out, value) => bool.write(out, value === 'latest' || undefined),
  read: (from) => (bool.read(from) === true ? 'latest' : undefined),
};

/** `{last: n}` as its number. */
export const last: Kind = {
  ...uint,
  write(out, value) {
    const { last: count, ...rest } = Object(value) as Readonly<Record<string, unknown>>;
    return Object.keys(rest).length === 0 && uint.write(out, count);
  },
  read: (from) => ({ last: uint.read(from) }),
};

/** Text that survives UTF-8: a lone surrogate has to travel as JSON. */
export const text: Kind = {
  wireType: wireTypes.bytes,
  write(out, value) {
    if (typeof value !== 'string' || !(isShortAscii(value) || isWellFormed(value))) return false;
    writeText(out, value);
    return true;
  },
  read: readText,
};

/** Any JSON value, as its JSON text. */
export const json: Kind = {
  wireType: wireTypes.bytes,
  write(out, value) {
    const encoded = JSON.stringify(value) as string | undefined;
    if (encoded === undefined) return false;
    writeText(out, encoded);
    return true;
  },
  read(from) {
    const value = readText(from);
    try {
      return JSON.parse(value) as unknown;
    } catch {
      throw from.error('JSON before');
    }
  },
};

function writeText(out: Writer, value: string): void {
  out.text(value, (length) => writeVarint(out, length));
}

function readText(from: Reader): string {
  return from.text(readVarint(from));
}
