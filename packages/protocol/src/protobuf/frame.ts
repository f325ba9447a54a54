import type { Reader } from '../binary/reader.ts';
import type { Writer } from '../binary/writer.ts';
import { message, readMessage, readTag, skip, writeField } from './fields.ts';
import { type Kind, text, uint, wireTypes } from './kinds.ts';
import { firstFrame, type FrameMessage, frames, jsonFrame, publication } from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

const defaultEvent = 'message';
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
  if (typeof type !== 'string') return false;
  return encodeBody(out, publication, type === defaultEvent ? rest : { type, ...rest });
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
  let frame: Record<string, unknown> | undefined;
  let isUnknown = false;
  while (from.at < from.end) {
    const [number, wireType] = readTag(from);
    const idKind = idKinds[number - 1];
    const spelling = wireType === wireTypes.bytes ? frames[number - firstFrame] : undefined;
    if (idKind?.wireType === wireType) id = idKind.read(from);
    else if (spelling !== undefined) frame = decodeBody(from, spelling);
    else {
      skip(from, wireType);
      isUnknown = true;
    }
  }
  const found = frame ?? (isUnknown ? { type: '' } : {});
  if (id !== undefined) found['id'] = id;
  return found;
}

function decodeBody(from: Reader, spelling: FrameMessage): Record<string, unknown> {
  const [type = defaultEvent, messageFields] = spelling;
  if (spelling !== jsonFrame) return readMessage(from, messageFields, { type });
  const { type: named, fields = {} } = readMessage(from, messageFields, {} as Record<string, unknown>);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw from.error('a JSON object before');
  return { ...fields, ...(named === undefined ? {} : { type: named }) };
}
