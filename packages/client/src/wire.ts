import { isPosition } from '@thrum/protocol';
import type { ErrorCode, Member, Position, Publication } from '@thrum/protocol';
import { ThrumError } from './errors.ts';

/** An object that the server sent: what is text here is text or absent, and nothing else is believed. */
export interface Fields {
  readonly type?: string;
  readonly channel?: string;
  readonly from?: string;
  readonly code?: string;
  readonly message?: string;
  readonly userId?: string;
  readonly connectionId?: string;
  readonly position?: Position;
  readonly [field: string]: unknown;
}

/** A frame of the server (PROTOCOL.md §3 and §4). */
export interface Frame extends Fields {
  readonly type: string;
}

const texts = ['type', 'channel', 'from', 'code', 'message', 'userId', 'connectionId'];

const isText = (value: unknown): value is string => typeof value === 'string';

/** The one guard between the network and the rest of the SDK: an empty object in place of what is not sound. */
export const readFields = (value: unknown): Fields => {
  const fields = Object(value) as Fields;
  const { position } = fields;
  const sound =
    texts.every((name) => isText(fields[name] ?? '')) && (position === undefined || isPosition(position));
  return sound ? fields : {};
};

// The readers below give a list: of the one thing that was read, or of nothing.

/** A publication of PROTOCOL.md §4. */
export const readPublication = (value: unknown): Publication[] => {
  const { type: event, ...rest } = readFields(value);
  const { channel, id, offset, epoch, timestamp } = rest;
  // Half a position is no place in a log.
  const placed = (offset ?? epoch) === undefined || isPosition(rest);
  return event && channel && placed && isText(id ?? '') && Number.isFinite(timestamp)
    ? [{ ...rest, event } as Publication]
    : [];
};

export const readMember = (value: unknown): Member[] => {
  const { userId, metas } = Object(value) as Partial<Member>;
  return isText(userId) && Array.isArray(metas) ? [value as Member] : [];
};

/** Every sound one of a list, or the one that there is; anything else is left out. */
export const readList = <T>(list: unknown, read: (value: unknown) => T[]): T[] =>
  [list].flat().flatMap((item) => read(item));

export const readError = (frame: Frame): ThrumError => {
  // A newer server may know codes that this SDK does not; programs compare with the ones they know.
  return new ThrumError((frame.code ?? 'internal') as ErrorCode, frame);
};
