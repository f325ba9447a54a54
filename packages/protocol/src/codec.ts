import type { PublicationFrame, ServerFrame } from './frames.ts';

/** A frame of the server as it is encoded: one of its own, or a publication. */
export type OutgoingFrame = ServerFrame | PublicationFrame;

/**
 * How frames become bytes. Laws: `decode(encode(f))` equals `f`; `decode` throws on anything that is no single value and
 * never on anything else; both are pure.
 */
export interface Codec {
  /** `json`, `msgpack`, … : the key under which a fan-out keeps this codec's encoding. */
  readonly name: string;
  /** The WebSocket subprotocol that selects it. */
  readonly subprotocol: string;
  /** Whether its messages travel as binary. */
  readonly binary: boolean;
  encode(frame: object): string | Uint8Array;
  decode(data: string | Uint8Array): unknown;
}

// Fatal, so that bytes which are not UTF-8 are refused and not turned into U+FFFD; and a byte order mark is kept, so that
// JSON refuses it in a binary message as it does in a text message.
const utf8: TextDecoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One JSON object in one text message (PROTOCOL.md §1). */
export const jsonCodec: Codec = {
  name: 'json',
  subprotocol: 'thrum.v1.json',
  binary: false,
  encode: (frame) => JSON.stringify(frame),
  decode: (data) => JSON.parse(typeof data === 'string' ? data : utf8.decode(data)) as unknown,
};
