import { createHash } from 'node:crypto';
import type { Position } from '@thrum/protocol';
import { ByteReader, ByteWriter } from './varint.ts';

/** What an id may be long; a header of 8 KiB has to hold it beside everything else. */
export const maxIdLength = 4096;

/** Of the layout below. Another one makes ids of another version, which nobody here reads. */
const version = 1;
const fingerprintBytes = 6;
/** Of PROTOCOL.md §6, which allows 64 characters. */
const maxEpochBytes = 256;

/** Where a stream is in each of its channels, in their order; `undefined` where it has no position. */
export type Positions = readonly (Position | undefined)[];

/** Tells lists of channels apart, so that a position is never taken for that of another channel. */
export function fingerprintOf(channels: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(channels)).digest().subarray(0, fingerprintBytes);
}

/**
 * The position of a whole stream as one text in base64url: version, fingerprint, each epoch once, then for each channel
 * the number of its epoch (0: no position) and the offset.
 */
export function encodeStreamId(fingerprint: Uint8Array, positions: Positions): string {
  const epochs = [
    ...new Set(positions.flatMap((position) => (position === undefined ? [] : [position.epoch]))),
  ];
  const numbers = new Map(epochs.map((epoch, index) => [epoch, index + 1]));
  const writer = new ByteWriter();
  writer.byte(version);
  writer.bytes(fingerprint);
  writer.number(epochs.length);
  for (const epoch of epochs) writer.text(epoch);
  for (const position of positions) {
    writer.number(position === undefined ? 0 : (numbers.get(position.epoch) ?? 0));
    if (position !== undefined) writer.number(position.offset);
  }
  return writer.finish().toString('base64url');
}

/**
 * Reads an id back; `undefined` for anything that {@link encodeStreamId} did not make for this list. Its cost is bounded
 * by the length of the text, which is checked first.
 */
export function decodeStreamId(
  id: string,
  fingerprint: Uint8Array,
  channels: number,
): (Position | undefined)[] | undefined {
  if (id.length > maxIdLength || !/^[\w-]+$/.test(id)) return undefined;
  const reader = new ByteReader(Buffer.from(id, 'base64url'));
  if (reader.byte() !== version || !reader.bytes(fingerprintBytes)?.equals(fingerprint)) return undefined;
  const positions = readPositions(reader, channels);
  // One way to write each position: what is merely similar was made by somebody else.
  return positions !== undefined && encodeStreamId(fingerprint, positions) === id ? positions : undefined;
}

function readPositions(reader: ByteReader, channels: number): (Position | undefined)[] | undefined {
  const count = reader.number();
  if (count === undefined || count > channels) return undefined;
  const epochs: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const epoch = reader.text(maxEpochBytes);
    if (epoch === undefined || epoch.length === 0 || epoch.length > 64) return undefined;
    epochs.push(epoch);
  }
  const positions: (Position | undefined)[] = [];
  for (let n = 0; n < channels; n += 1) {
    const number = reader.number();
    if (number === undefined || number > count) return undefined;
    const epoch = epochs[number - 1];
    const offset = epoch === undefined ? undefined : reader.number();
    if (epoch !== undefined && offset === undefined) return undefined;
    positions.push(epoch === undefined ? undefined : { epoch, offset: offset ?? 0 });
  }
  return reader.isAtEnd ? positions : undefined;
}
