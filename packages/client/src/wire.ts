import { isOffset, isPosition } from '@thrum/protocol';
import type { ErrorCode, Member, Position, Publication } from '@thrum/protocol';
import { ThrumError } from './errors.ts';

/** A JSON object as the server sent it. Nothing in it is believed before one of the readers below has looked. */
export type Raw = Readonly<Record<string, unknown>>;

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readPosition(value: unknown): Position | undefined {
  return isPosition(value) ? { epoch: value.epoch, offset: value.offset } : undefined;
}

/** A publication of PROTOCOL.md §4; `undefined` when it is none. */
export function readPublication(raw: Raw, event: unknown): Publication | undefined {
  const { channel, data, offset, epoch, id, from, timestamp } = raw;
  if (typeof channel !== 'string' || typeof event !== 'string') return undefined;
  // Half a position is no place in a log.
  if ((offset !== undefined || epoch !== undefined) && !isPosition({ epoch, offset })) return undefined;
  return {
    channel,
    event,
    data,
    ...(isOffset(offset) && typeof epoch === 'string' && { offset, epoch }),
    ...(typeof id === 'string' && { id }),
    ...(typeof from === 'string' && { from }),
    timestamp: typeof timestamp === 'number' ? timestamp : 0,
  };
}

/** The members among what came; anything else is left out. */
export function readMembers(value: unknown): Member[] {
  return Array.isArray(value) ? value.filter(isMember) : [];
}

function isMember(value: unknown): value is Member {
  return isRaw(value) && typeof value['userId'] === 'string' && Array.isArray(value['metas']);
}

export function readError({ code, message, retry, after, channel }: Raw): ThrumError {
  return new ThrumError(
    // A newer server may know codes that this SDK does not; programs compare with the ones they know.
    typeof code === 'string' ? (code as ErrorCode) : 'internal',
    typeof message === 'string' ? message : 'The server refused without saying why',
    {
      retry: retry === true,
      after: readMilliseconds(after),
      channel: typeof channel === 'string' ? channel : undefined,
    },
  );
}

// Five minutes: no server can make a client sleep for longer than that.
const longestPause = 300_000;

/** A delay the server asks for, or `undefined` when it is no usable number. */
export function readMilliseconds(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? Math.min(value, longestPause) : undefined;
}
