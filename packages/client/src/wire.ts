import { isPosition } from '@thrum/protocol';
import type { ErrorCode, Member, Position, Publication } from '@thrum/protocol';
import { ThrumError } from './errors.ts';

/** A JSON object as the server sent it. Nothing in it is believed before one of the readers below has looked. */
export type Raw = Readonly<Record<string, unknown>>;

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or an empty one in place of anything else. */
export function asRaw(value: unknown): Raw {
  return isRaw(value) ? value : {};
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function readText(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}

/** `{ position }`, or nothing to spread where there is none. */
export function withPosition({ position }: { readonly position?: unknown }): {
  readonly position?: Position;
} {
  return isPosition(position) ? { position: { epoch: position.epoch, offset: position.offset } } : {};
}

/** A publication of PROTOCOL.md §4; `undefined` when it is none. */
export function readPublication(raw: Raw, event: unknown): Publication | undefined {
  const { channel, data, offset, epoch, id, from, timestamp } = raw;
  const place = { epoch, offset };
  const placed = isPosition(place);
  // Half a position is no place in a log.
  if (!isText(channel) || !isText(event) || (!placed && (offset ?? epoch) !== undefined)) return undefined;
  return {
    channel,
    event,
    data,
    ...(placed && place),
    ...(isText(id) && { id }),
    ...(isText(from) && { from }),
    timestamp: Number(timestamp) || 0,
  };
}

/** The members among what came; anything else is left out. */
export function readMembers(value: unknown): Member[] {
  return Array.isArray(value)
    ? value.filter((item) => isRaw(item) && isText(item['userId']) && Array.isArray(item['metas']))
    : [];
}

export function readError(frame: Raw): ThrumError {
  const { code, message, retry } = frame;
  // A newer server may know codes that this SDK does not; programs compare with the ones they know.
  return new ThrumError(
    isText(code) ? (code as ErrorCode) : 'internal',
    readText(message) ?? 'Refused',
    retry === true,
    frame,
  );
}
