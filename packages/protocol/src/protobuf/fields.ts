import type { Reader } from '../binary/reader.ts';
import type { Writer } from '../binary/writer.ts';
import { type Kind, wireTypes } from './kinds.ts';
import { readVarint, varintLength, writeVarint } from './varint.ts';

/** One field: what it is called in JSON, and how its values are spelled. */
type Field = readonly [name: string, kind: Kind, repeated?: 'repeated'];

/**
 * The fields of a message of thrum.proto in the order of their numbers, which count from 1. A field that has several
 * spellings (a `oneof`) is there several times; the first that its value fits is used.
 */
export type Fields = readonly Field[];

/**
 * The fields that are there and not `undefined`. False where a value has a field that the message does not have, or one
 * that does not fit: the frame then travels as JSON, and nothing is left out.
 */
function writeFields(out: Writer, fields: Fields, value: object): boolean {
  const given = value as Readonly<Record<string, unknown>>;
  let left = 0;
  for (const name of Object.keys(given)) if (given[name] !== undefined) left += 1;
  let written: string | undefined;
  for (let index = 0; index < fields.length; index += 1) {
    const [name, kind, repeated] = fields[index] as Field;
    const item = given[name];
    if (item === undefined || name === written) {
      if (repeated) return false;
    } else if (writeField(out, index + 1, kind, item, repeated)) {
      written = name;
      left -= 1;
    }
  }
  return left === 0;
}

/** False, and nothing written, where the value is not of this kind. */
export function writeField(
  out: Writer,
  number: number,
  kind: Kind,
  value: unknown,
  repeated?: 'repeated',
): boolean {
  if (repeated) return Array.isArray(value) && value.every((item) => writeField(out, number, kind, item));
  const start = out.at;
  writeVarint(out, number * 8 + kind.wireType);
  const isWritten = kind.write(out, value);
  if (!isWritten) out.at = start;
  return isWritten;
}

/**
 * The fields up to the reader's end. Those with an unknown number or another wire type are skipped; of one that comes
 * several times the last counts.
 */
function readFields(from: Reader, fields: Fields, into: Record<string, unknown>): void {
  for (const [name, , repeated] of fields) if (repeated) into[name] = [];
  while (from.at < from.end) {
    const [number, wireType] = readTag(from);
    const field = fields[number - 1];
    if (field === undefined || field[1].wireType !== wireType) skip(from, wireType);
    else if (field[2]) (into[field[0]] as unknown[]).push(field[1].read(from));
    else into[field[0]] = field[1].read(from);
  }
}

/** A message behind its length, put into an object. */
export function readMessage<T extends Record<string, unknown>>(from: Reader, fields: Fields, into: T): T {
  const { end } = from;
  const length = readVarint(from);
  from.at = from.take(length);
  from.end = from.at + length;
  readFields(from, fields, into);
  from.end = end;
  return into;
}

/** @throws CodecError for a field number that there cannot be. */
export function readTag(from: Reader): readonly [number: number, wireType: number] {
  const tag = readVarint(from);
  if (tag < 8 || tag >= 2 ** 32) throw from.error('a field number before');
  return [Math.floor(tag / 8), tag % 8];
}

/** @throws CodecError for the groups of old and what there never was. */
export function skip(from: Reader, wireType: number): void {
  if (wireType === wireTypes.varint) readVarint(from);
  else if (wireType === wireTypes.fixed64) from.take(8);
  else if (wireType === wireTypes.bytes) from.take(readVarint(from));
  else if (wireType === wireTypes.fixed32) from.take(4);
  else throw from.error(`a wire type, not ${wireType},`);
}

/** A message inside a message. */
export function message(fields: Fields): Kind {
  return {
    wireType: wireTypes.bytes,
    write(out, value) {
      const start = out.take(1);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      if (!writeFields(out, fields, value)) return false;
      const length = out.at - start - 1;
      if (length < 0x80) out.bytes[start] = length;
      else {
        // Too long for one byte of length, as few are: it moves up.
        const more = varintLength(length) - 1;
        out.take(more);
        out.bytes.copyWithin(start + 1 + more, start + 1, start + 1 + length);
        out.at = start;
        writeVarint(out, length);
        out.at += length;
      }
      return true;
    },
    read: (from) => readMessage(from, fields, {}),
  };
}
