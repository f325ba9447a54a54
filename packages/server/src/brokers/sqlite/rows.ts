import { crc32 } from 'node:zlib';

// How values look in the database, and the checksums over them.

const escaped = '\u0001';
const absent = '\u0002';

/**
 * A string as SQLite can keep it: U+0000 ends a text for it, and lone surrogates have no UTF-8. Two strings never become
 * one, and ordinary ones stay readable.
 */
export function toText(value: string): string {
  return value.isWellFormed() && !value.includes('\u0000') && !value.startsWith(escaped)
    ? value
    : escaped + JSON.stringify(value);
}

export function fromText(text: string): string {
  return text.startsWith(escaped) ? (JSON.parse(text.slice(1)) as string) : text;
}

/** Over fields that contain no U+0000, so two lists of fields never look alike. */
export function checksum(...fields: readonly (string | number | null)[]): number {
  let text = '';
  for (const field of fields) text += `${field === null ? absent : field}\u0000`;
  return crc32(text);
}

/** A time for an INTEGER column. */
export function toTime(ms: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(ms));
}

export interface StateRow {
  readonly instance: string;
  /** The epoch of channels that are not in the table yet. */
  birth: string;
  /** Counts openings and beats: {@link Fence}. */
  generation: number;
  /** Counts commits: {@link Fence}. */
  commits: number;
  ino: string;
  born: string;
  /** Wall clock − log time, and the last log time seen: {@link LogClock}. */
  clock_skew: number;
  clock_last: number;
  crc: number;
}

export function stateChecksum(row: Omit<StateRow, 'crc'>): number {
  const { instance, birth, generation, commits, ino, born, clock_skew, clock_last } = row;
  return checksum(instance, birth, generation, commits, ino, born, clock_skew, clock_last);
}

export interface ChannelRow {
  readonly id: number;
  readonly name: string;
  epoch: string;
  top: number;
  /** Below it nothing is kept, though rows may still wait to be deleted. */
  floor: number;
  /** Rows up to here were written in earlier epochs and carried over; those after it are of `epoch`. */
  carried: number;
  /** Rows below it are deleted. */
  trimmed: number;
  /** When the oldest row may expire; null when there is none. May be too early, never too late by more than a change of definition. */
  due: number | null;
  touched: number;
  crc: number;
}

export function channelChecksum(row: ChannelRow): number {
  return checksum(row.id, row.name, row.epoch, row.top, row.floor, row.carried);
}

export interface PublicationRow {
  readonly offset: number;
  readonly epoch: string;
  readonly event: string;
  readonly data: string | null;
  readonly id: string | null;
  readonly sender: string | null;
  readonly timestamp: number;
  readonly expires: number;
  readonly crc: number;
}

/** `channel` is its name, so a row that ends up under another channel does not pass. */
export function publicationChecksum(channel: string, row: Omit<PublicationRow, 'crc'>): number {
  const { offset, epoch, event, data, id, sender, timestamp, expires } = row;
  return checksum(channel, offset, epoch, event, data, id, sender, timestamp, expires);
}

export interface KeyRow {
  readonly fingerprint: string;
  readonly epoch: string | null;
  readonly offset: number | null;
  readonly expires: number;
  readonly crc: number;
}

export function keyChecksum(channel: string, key: string, row: Omit<KeyRow, 'crc'>): number {
  return checksum(channel, key, row.fingerprint, row.epoch, row.offset, row.expires);
}

/** What is wrong with a row that should be at `offset`, or undefined. */
export function defectOf(
  channel: ChannelRow,
  offset: number,
  row: PublicationRow | undefined,
): string | undefined {
  if (row === undefined) return `publication ${offset} is missing`;
  if (row.offset !== offset) return `publication ${offset} is missing, ${row.offset} is in its place`;
  if (publicationChecksum(channel.name, row) !== row.crc)
    return `publication ${offset} does not match its checksum`;
  if (offset > channel.carried && row.epoch !== channel.epoch)
    return `publication ${offset} is of another epoch`;
  return undefined;
}
