import { Reader } from '../binary/reader.ts';
import { Writer } from '../binary/writer.ts';
import type { Codec } from '../codec.ts';
import { decodeValue } from './decode.ts';
import { encodeValue } from './encode.ts';

export { CodecError } from '../binary/error.ts';

/**
 * MessagePack: the frames of JSON, value by value (PROTOCOL.md §18). `encode` treats what it is given as `JSON.stringify`
 * does. A message that came as text is JSON.
 */
export const msgpackCodec: Codec = {
  name: 'msgpack',
  subprotocol: 'thrum.v1.msgpack',
  binary: true,
  encode: (frame) => {
    const out = new Writer();
    encodeValue(out, frame);
    return out.finish();
  },
  decode: (data) =>
    typeof data === 'string' ? (JSON.parse(data) as unknown) : decodeValue(new Reader(data)),
};
