import type { Codec } from '../codec.ts';
import { Reader } from '../binary/reader.ts';
import { Writer } from '../binary/writer.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

export { CodecError } from '../binary/error.ts';

/**
 * Protocol Buffers: `thrum.v1.Frame` of `thrum.proto` (PROTOCOL.md §18). A frame that has no message there, or does not fit
 * it, travels as JSON inside one. A message that came as text is JSON.
 */
export const protobufCodec: Codec = {
  name: 'protobuf',
  subprotocol: 'thrum.v1.protobuf',
  binary: true,
  encode: (frame) => {
    const out = new Writer();
    encodeFrame(out, frame);
    return out.finish();
  },
  decode: (data) =>
    typeof data === 'string' ? (JSON.parse(data) as unknown) : decodeFrame(new Reader(data)),
};
