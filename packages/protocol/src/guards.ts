import type { ErrorCode } from './codes.ts';
import type { ClientFrame, FrameId } from './frames.ts';
import { channelNameError, isWellFormed } from './names.ts';
import { isOffset, isPosition, isSince } from './position.ts';
import { leastRate } from './rates.ts';

/** A JSON object as it came, not yet known to be a frame. */
export type RawFrame = Readonly<Record<string, unknown>>;

/** What is wrong with a frame; `id` is there when the frame carried a good one. */
export interface FrameError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly id?: FrameId;
  readonly channel?: string;
}

/** A frame whose envelope (`type`, `id`) is sound. */
export interface Envelope {
  readonly type: string;
  readonly id?: FrameId;
  readonly raw: RawFrame;
}

/** Checks `type` and `id` alone; the rest belongs to whoever serves that type. */
export function readEnvelope(value: unknown): Envelope | FrameError {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      code: 'invalid_message',
      message: `Invalid message format: expected a JSON object, got ${nameOf(value)}`,
    };
  }
  const raw = value as RawFrame;
  const { type, id } = raw;
  if (id !== undefined && !isFrameId(id)) return invalid('id', frameIdForm, id);
  if (typeof type !== 'string') return withId(invalid('type', 'a string', type), id);
  return id === undefined ? { type, raw } : { type, id, raw };
}

/** Whether this is one of the protocol's own client frames rather than a feature's. */
export function isClientType(type: string): type is ClientFrame['type'] {
  return Object.hasOwn(guards, type);
}

/**
 * Checks every field of one of the protocol's own client frames (PROTOCOL.md §2).
 * Returns the frame with unknown fields dropped, or what was expected and what came.
 */
export function readClientFrame(
  envelope: Envelope & { readonly type: ClientFrame['type'] },
): ClientFrame | FrameError {
  const result = guards[envelope.type](envelope.raw);
  if (envelope.id === undefined) return result;
  return 'code' in result ? withId(result, envelope.id) : ({ ...result, id: envelope.id } as ClientFrame);
}

export function isFrameError(value: object): value is FrameError {
  return 'code' in value;
}

const frameIdForm = 'a string of 1 to 128 characters or a non-negative whole number';

type Guard = (raw: RawFrame) => ClientFrame | FrameError;

const guards: Readonly<Record<ClientFrame['type'], Guard>> = {
  auth: ({ token }) =>
    typeof token === 'string' ? { type: 'auth', token } : invalid('token', 'a string', token),

  subscribe: ({ channel, since, ack, name, presence, maxRate }) =>
    channelError(channel) ??
    (since === undefined || isSince(since)
      ? undefined
      : invalid('since', '{epoch, offset}, "latest" or {last}', since)) ??
    booleanError('ack', ack) ??
    (name === undefined || isSubscriberName(name)
      ? undefined
      : invalid('name', 'a string of 1 to 64 characters', name)) ??
    (name === undefined || ack === true ? undefined : invalid('ack', 'true beside a name', ack)) ??
    booleanError('presence', presence) ??
    (maxRate === undefined || (typeof maxRate === 'number' && maxRate >= leastRate)
      ? undefined
      : invalid('maxRate', `a number from ${leastRate}`, maxRate)) ??
    optional({ type: 'subscribe', channel: channel as string }, { since, ack, name, presence, maxRate }),

  unsubscribe: ({ channel }) => channelError(channel) ?? { type: 'unsubscribe', channel: channel as string },

  message: ({ channel, data, content, event, id, follows }) => {
    const body = data === undefined ? content : data;
    return (
      channelError(channel) ??
      (body === undefined ? invalid('data', 'any JSON value', body) : undefined) ??
      (event === undefined || typeof event === 'string' ? undefined : invalid('event', 'a string', event)) ??
      followsError(follows, id) ??
      optional({ type: 'message', channel: channel as string, data: body }, { event, follows })
    );
  },

  ack: ({ channel, offset, epoch, id }) => {
    if (channel === undefined && offset === undefined && id !== undefined)
      return { type: 'ack', id: id as FrameId };
    return (
      channelError(channel) ??
      (isOffset(offset) ? undefined : invalid('offset', 'a non-negative whole number', offset)) ??
      (epoch === undefined || typeof epoch === 'string' ? undefined : invalid('epoch', 'a string', epoch)) ??
      optional({ type: 'ack', channel: channel as string, offset: offset as number }, { epoch })
    );
  },

  history: ({ channel, since, limit, reverse }) =>
    channelError(channel) ??
    (since === undefined || isPosition(since) ? undefined : invalid('since', '{epoch, offset}', since)) ??
    (limit === undefined || limit === null || typeof limit === 'number'
      ? undefined
      : invalid('limit', 'a number', limit)) ??
    booleanError('reverse', reverse) ??
    optional({ type: 'history', channel: channel as string }, { since, limit: limit ?? undefined, reverse }),

  presence: ({ channel, state }) =>
    channelError(channel) ?? optional({ type: 'presence', channel: channel as string }, { state }),

  call: ({ method, params }) =>
    typeof method === 'string' && method.length > 0
      ? optional({ type: 'call', method }, { params })
      : invalid('method', 'a name', method),

  ping: () => ({ type: 'ping' }),
};

/** 1 to 128 characters, or a non-negative safe integer. */
export function isFrameId(value: unknown): value is FrameId {
  return typeof value === 'string'
    ? value.length > 0 && value.length <= 128 && isWellFormed(value)
    : isOffset(value);
}

/** 1 to 64 characters (PROTOCOL.md §7). */
function isSubscriberName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64 && isWellFormed(value);
}

function channelError(channel: unknown): FrameError | undefined {
  if (typeof channel !== 'string') return invalid('channel', 'a string', channel);
  const problem = channelNameError(channel);
  return problem === undefined
    ? undefined
    : { code: 'invalid_channel', message: `Invalid channel name: it ${problem}` };
}

/** What follows itself, or what nobody can recognise, would be missing what it follows for ever. */
function followsError(follows: unknown, id: unknown): FrameError | undefined {
  if (follows === undefined) return undefined;
  if (!isFrameId(follows)) return invalid('follows', frameIdForm, follows);
  if (id === undefined) return invalid('id', 'an id beside follows', id);
  if (String(follows) !== String(id)) return undefined;
  const message = 'Invalid frame: follows: expected the id of an earlier message, got its own';
  return { code: 'invalid_frame', message };
}

function booleanError(field: string, value: unknown): FrameError | undefined {
  return value === undefined || typeof value === 'boolean'
    ? undefined
    : invalid(field, 'true or false', value);
}

/** Adds the fields that are there: an absent field stays absent instead of becoming `undefined`. */
function optional(frame: ClientFrame, fields: Readonly<Record<string, unknown>>): ClientFrame {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return present.length === 0 ? frame : ({ ...frame, ...Object.fromEntries(present) } as ClientFrame);
}

function invalid(field: string, expected: string, got: unknown): FrameError {
  return {
    code: 'invalid_frame',
    message: `Invalid frame: ${field}: expected ${expected}, got ${nameOf(got)}`,
  };
}

function withId(error: FrameError, id: FrameId | undefined): FrameError {
  return id === undefined ? error : { ...error, id };
}

/** Names a value without repeating it: what came from the wire does not go back into messages or logs. */
function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
