import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

// Another implementation with the published thrum.proto, and what the page says of how its messages relate to the frames.

const source: string = readFileSync(new URL('../thrum.proto', import.meta.url), 'utf8');
export const root: protobuf.Root = protobuf.parse(source).root;
const frameType: protobuf.Type = root.lookupType('thrum.v1.Frame');

type Fields = Readonly<Record<string, unknown>>;

/** Which message carries a frame; the type and the message share their name but for these. */
function messageOf({ type, ...rest }: Fields): string {
  if ('timestamp' in rest) return 'publication';
  if (type === 'auth_success') return 'authSuccess';
  if (type === 'ack') return 'offset' in rest || !('channel' in rest) ? 'ack' : 'acked';
  if (type === 'presence') return 'members' in rest ? 'presenceList' : 'presence';
  return String(type);
}

const typeOf = (message: string): string =>
  ({ acked: 'ack', presenceList: 'presence', authSuccess: 'auth_success' })[message] ?? message;

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const fromBytes = (value: unknown): unknown =>
  JSON.parse(Buffer.from(value as Uint8Array).toString()) as unknown;

/** Bytes of a frame, as a backend in another language would write them. */
export function writeFrame({ id, ...frame }: Fields): Uint8Array {
  const { type, ...rest } = frame;
  const message = messageOf(frame);
  const body = message === 'publication' && type !== 'message' ? { ...rest, event: type } : rest;
  const object = {
    ...(id === undefined ? {} : { [typeof id === 'string' ? 'idText' : 'idNumber']: id }),
    [message]: spelled(body),
  };
  return frameType.encode(frameType.fromObject(object)).finish();
}

/** The frame in these bytes, and the message that carried it. */
export function readFrame(bytes: Uint8Array): { readonly message: string; readonly frame: object } {
  const options = { longs: Number, bytes: Array, arrays: true, oneofs: true };
  const object = frameType.toObject(frameType.decode(bytes), options) as Fields;
  const { frame: message, id: idField, ...fields } = object;
  const { event, ...rest } = unspelled(fields[String(message)] as Fields);
  const named = message === 'publication' ? { type: event ?? 'message' } : { type: typeOf(String(message)) };
  const id = idField === undefined ? {} : { id: fields[String(idField)] };
  const more = message === 'publication' || event === undefined ? {} : { event };
  return { message: String(message), frame: { ...named, ...rest, ...more, ...id } };
}

function spelled({ data, params, state, since, follows, member, members, ...rest }: Fields): object {
  const { last } = Object(since) as Fields;
  return {
    ...rest,
    ...(data === undefined ? {} : { data: toBytes(data) }),
    ...(params === undefined ? {} : { params: toBytes(params) }),
    ...(state === undefined ? {} : { state: toBytes(state) }),
    ...(since === 'latest' ? { sinceLatest: true } : {}),
    ...(last === undefined ? {} : { sinceLast: last }),
    ...(typeof since === 'object' && last === undefined ? { sincePosition: since, since } : {}),
    ...(typeof follows === 'string' ? { followsText: follows } : {}),
    ...(typeof follows === 'number' ? { followsNumber: follows } : {}),
    ...(member === undefined ? {} : { member: spelledMember(member) }),
    ...(members === undefined ? {} : { members: (members as Fields[]).map(spelledMember) }),
  };
}

function spelledMember(member: unknown): object {
  const { metas, ...rest } = member as Fields;
  return { ...rest, metas: (metas as Fields[]).map(spelled) };
}

function unspelled(fields: Fields): Fields {
  const { data, params, state, sinceLatest, sinceLast, sincePosition, since, follows: _, ...rest } = fields;
  const { followsText, followsNumber, member, members, ...others } = rest as Fields;
  const { metas } = others;
  const from =
    typeof since === 'object' ? since : (sincePosition ?? (sinceLatest === true ? 'latest' : undefined));
  const position = sinceLast === undefined ? from : { last: sinceLast };
  const before = followsText ?? followsNumber;
  return {
    ...others,
    ...(data === undefined ? {} : { data: fromBytes(data) }),
    ...(params === undefined ? {} : { params: fromBytes(params) }),
    ...(state === undefined ? {} : { state: fromBytes(state) }),
    ...(position === undefined ? {} : { since: position }),
    ...(before === undefined ? {} : { follows: before }),
    ...(member === undefined ? {} : { member: unspelled(member as Fields) }),
    ...(members === undefined ? {} : { members: (members as Fields[]).map(unspelled) }),
    ...(metas === undefined ? {} : { metas: (metas as Fields[]).map(unspelled) }),
  };
}
