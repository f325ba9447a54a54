import * as fc from 'fast-check';
import { CodecError } from '../src/msgpack/index.ts';
import { anyJson, anyText } from './arbitraries.ts';

/** Text without what UTF-8 does not have. */
const text = anyText.map((given) => given.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
const offset = fc.oneof(fc.nat(), fc.maxSafeNat());
const id = fc.oneof(text, offset);
const json = anyJson.map(encodable);
const milliseconds = fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }));
const position = fc.record({ epoch: text, offset });
const since = fc.oneof(position, fc.constant('latest'), fc.record({ last: offset }));
const member = fc.record({
  userId: text,
  metas: fc.array(
    fc.record(
      { connectionId: text, joinedAt: offset, state: json },
      { requiredKeys: ['connectionId', 'joinedAt'] },
    ),
    { maxLength: 3 },
  ),
});

type Shape = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** A frame of this type; fields of `more` and the id may be absent. */
function frame(type: string, fields: Shape, more: Shape = {}): fc.Arbitrary<object> {
  return fc.record(
    { type: fc.constant(type), ...fields, ...more, id },
    { requiredKeys: ['type', ...Object.keys(fields)] as never[] },
  );
}

const bool = fc.boolean();
const channel = text;

/** Every frame of PROTOCOL.md §2 to §4, as `frames.ts` has them. */
export const frames: Readonly<Record<string, fc.Arbitrary<object>>> = {
  auth: frame('auth', { token: text }),
  subscribe: frame('subscribe', { channel }, { since, ack: bool, name: text, presence: bool }),
  unsubscribe: frame('unsubscribe', { channel }),
  message: frame('message', { channel, data: json }, { event: text, follows: id }),
  ack: frame('ack', { channel, offset }, { epoch: text }),
  confirm: fc.record({ type: fc.constant('ack'), id }),
  history: frame('history', { channel }, { since: position, limit: offset, reverse: bool }),
  presence: frame('presence', { channel }, { state: json }),
  call: frame('call', { method: text }, { params: json }),
  ping: frame('ping', {}),
  welcome: frame(
    'welcome',
    {
      message: text,
      connectionId: text,
      protocol: fc.constant(1),
      authentication: fc.constantFrom('required', 'optional', 'done'),
      heartbeat: fc.record({ interval: milliseconds, timeout: milliseconds }),
      limits: fc.record({ message: offset, channels: offset, rate: milliseconds, history: offset }),
    },
    { userId: text, node: text },
  ),
  authSuccess: frame('auth_success', { userId: text }, { expiresAt: milliseconds }),
  subscribed: frame('subscribed', { channel, recovered: bool }, { position }),
  unsubscribed: frame('unsubscribed', { channel }, { code: text }),
  acked: frame('ack', { channel }, { position, duplicate: fc.constant(true) }),
  result: frame('result', { data: json }),
  pong: frame('pong', {}),
  error: frame('error', { code: text, message: text, retry: bool }, { after: milliseconds, channel }),
  joined: frame('joined', { channel, member }),
  left: frame('left', { channel, member }),
  presenceList: frame('presence', { channel, members: fc.array(member, { maxLength: 3 }), full: bool }),
  reconnect: frame('reconnect', { after: milliseconds, reason: text }),
  behind: frame('behind', { channel, dropped: offset }, { superseded: fc.constant(true) }),
  publication: fc.record(
    { type: text, channel, data: json, timestamp: offset, offset, epoch: text, id: text, from: text },
    { requiredKeys: ['type', 'channel', 'data', 'timestamp'] },
  ),
  defaultEvent: frame(
    'message',
    { channel, data: json, timestamp: offset },
    { offset, epoch: text, from: text },
  ),
};

export const allFrames: fc.Arbitrary<object> = fc.oneof(...Object.values(frames));

/** Bytes of a frame with a few of them changed, left out or put in. */
export function mutated(encode: (frame: object) => string | Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 4 }),
    put: fc.uint8Array({ maxLength: 4 }),
  });
  return fc.tuple(allFrames, fc.array(change, { minLength: 1, maxLength: 4 })).map(([frame_, changes]) => {
    const bytes = [...(encode(frame_) as Uint8Array)];
    for (const { at, remove, put } of changes) bytes.splice(at % (bytes.length + 1), remove, ...put);
    return Uint8Array.from(bytes);
  });
}

/** The same with U+FFFD for each lone surrogate, in keys too. */
export function encodable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  if (Array.isArray(value)) return value.map(encodable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, item]) => [encodable(key) as string, encodable(item)] as const,
  );
  // As JSON.parse makes it, so that __proto__ is a key like any other.
  return JSON.parse(
    `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`).join(',')}}`,
  );
}

/** What comes of any bytes. Fails for every error but the codecs' own. */
export function outcome(decode: (data: Uint8Array) => unknown, data: Uint8Array): 'read' | 'refused' {
  try {
    decode(data);
    return 'read';
  } catch (error) {
    if (error instanceof CodecError) return 'refused';
    throw error;
  }
}

/** Each with at least one byte too few. */
export function beginnings(whole: Uint8Array): readonly Uint8Array[] {
  return Array.from(whole, (_, end) => whole.subarray(0, end));
}
