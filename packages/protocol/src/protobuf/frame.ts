import type { Reader } from '../binary/reader.ts';
import type { Writer } from '../binary/writer.ts';
import { message, readTag, skip, writeField } from './fields.ts';
import { type Kind, text, uint, wireTypes } from './kinds.ts';
import { firstFrame, type FrameMessage, frames, jsonFrame, publication } from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The `oneof id`. */
const idKinds: readonly Kind[] = [text, uint];
const kinds: readonly Kind[] = frames.map(([, fields]) => message(fields));

/** By type, where to look in `frames`: what needs more comes later there, and is tried first. */
const indices: ReadonlyMap<unknown, readonly number[]> = new Map(
  frames.map(([type]) => [
    type,
    frames.flatMap(([other], index) => (other === type ? [index] : [])).reverse(),
  ]),
);

export function encodeFrame(out: Writer, frame: object): void {
  const { type, id, ...rest } = frame as Fields;
  const hasId = id === undefined || idKinds.some((kind, index) => writeField(out, index + 1, kind, id));
  if (hasId && (encodePublication(out, type, rest) || encodeMessage(out, type, rest))) return;
  const fields = hasId ? rest : { ...rest, id };
  if (!encodeBody(out, jsonFrame, { type, fields }))
    encodeBody(out, jsonFrame, { fields: { ...fields, type } });
}

/** The default event goes without saying. */
function encodePublication(out: Writer, type: unknown, rest: Fields): boolean {
  if (typeof type !== 'string' || 'event' in rest) return false;
  return encodeBody(out, publication, type === 'message' ? rest : { event: type, ...rest });
}

function encodeMessage(out: Writer, type: unknown, rest: Fields): boolean {
  return (
    typeof type === 'string' && (indices.get(type)?.some((index) => encodeAt(out, index, rest)) ?? false)
  );
}

function encodeBody(out: Writer, spelling: FrameMessage, body: Fields): boolean {
  return encodeAt(out, frames.indexOf(spelling), body);
}

function encodeAt(out: Writer, index: number, body: Fields): boolean {
  const needs = frames[index]?.[2];
  if (needs !== undefined && body[needs] === undefined) return false;
  return writeField(out, firstFrame + index, kinds[index] as Kind, body);
}

/**
 * The last frame counts, as in any `oneof`. One with an unknown number has an empty type, so that it gets the answer that an
 * unknown type gets, with its id.
 * @throws CodecError
 */
export function decodeFrame(from: Reader): object {
  let id: unknown;
  let frame: object | undefined;
  let isUnknown = false;
  while (from.at < from.end) {
    const [number, wireType] = readTag(from);
    const idKind = idKinds[number - 1];
    const index = number - firstFrame;
    const kind = wireType === wireTypes.bytes ? kinds[index] : undefined;
    if (idKind?.wireType === wireType) id = idKind.read(from);
    else if (kind !== undefined)
      frame = named(frames[index] as FrameMessage, kind.read(from) as Fields, from);
    else {
      skip(from, wireType);
      isUnknown = true;
    }
  }
  const found = frame ?? (isUnknown ? { type: '' } : {});
  return id === undefined ? found : { ...found, id };
}

/** The fields of a message as the frame that they are. */
function named(spelling: FrameMessage, body: Fields, from: Reader): object {
  if (spelling === publication) {
    const { event = 'message', ...rest } = body;
    return { type: event, ...rest };
  }
  if (spelling !== jsonFrame) return { type: spelling[0], ...body };
  const { type, fields = {} } = body;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw from.error('a JSON object before');
  return type === undefined ? fields : { ...fields, type };
}
