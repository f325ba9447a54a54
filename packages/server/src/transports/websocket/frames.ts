import type { FrameCodec } from '@thrum/core';
import type { Codec } from '@thrum/protocol';
import { Joined } from '../joined.ts';
import type { Deflater } from './deflater.ts';

const finText = 0x81;
const finBinary = 0x82;
const finClose = 0x88;
const finPing = 0x89;
const finPong = 0x8a;
/** RSV1: the message is compressed (RFC 7692 §6). */
const compressed = 0x40;

/** What of a close frame's 125 bytes the code leaves (RFC 6455 §5.5). */
const mostReasonBytes = 123;

/** A ping without payload, unmasked as all frames of a server are (RFC 6455 §5.1). */
export const pingFrame: Buffer = frameOf(finPing, 0);

/** A close without a code. */
export const emptyClose: Buffer = frameOf(finClose, 0);

/** A close with a code and a reason. */
export function closeFrame(code: number, reason: string): Buffer {
  const text = reasonBytes(reason);
  const frame = frameOf(finClose, 2 + text.length);
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4);
  return frame;
}

/** As much of a reason as a close frame has room for. */
export function reasonBytes(reason: string): Buffer {
  const text = Buffer.from(reason);
  let length = Math.min(text.length, mostReasonBytes);
  // Not within a letter: it has to stay UTF-8.
  while (length < text.length && ((text[length] as number) & 0xc0) === 0x80) length -= 1;
  return text.subarray(0, length);
}

/** The answer to a ping: the same payload (RFC 6455 §5.5.3). */
export function pongFrame(payload: Buffer): Buffer {
  return withPayload(finPong, payload);
}

/**
 * A codec of the protocol whose messages are whole WebSocket frames, unmasked as all of a server are (RFC 6455 §5.2): what
 * the core encodes once and shares is what goes to the network, header included.
 */
export class WebSocketCodec implements FrameCodec {
  private readonly codec: Codec;
  private readonly deflater: Deflater | undefined;
  private readonly joined = new Joined();

  /** @param deflater for connections that have agreed on permessage-deflate */
  constructor(codec: Codec, deflater?: Deflater) {
    this.codec = codec;
    this.deflater = deflater;
  }

  encode(frame: object): Buffer {
    const message = this.codec.encode(frame);
    const deflated = this.deflater?.deflate(message);
    if (deflated !== undefined)
      return withPayload((this.codec.binary ? finBinary : finText) | compressed, deflated);
    if (typeof message !== 'string') return withPayload(finBinary, message);
    const length = Buffer.byteLength(message);
    const bytes = frameOf(finText, length);
    bytes.write(message, bytes.length - length);
    return bytes;
  }

  decode(message: string | Uint8Array): unknown {
    return this.codec.decode(message);
  }

  /** Several messages in one piece; the same one for everybody who sends the same array. */
  join(messages: readonly Buffer[]): Buffer {
    return this.joined.of(messages);
  }
}

function withPayload(first: number, payload: Uint8Array): Buffer {
  const frame = frameOf(first, payload.byteLength);
  frame.set(payload, frame.length - payload.byteLength);
  return frame;
}

/** A frame with its header and room for so much payload. */
function frameOf(first: number, payload: number): Buffer {
  const header = payload < 126 ? 2 : payload < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + payload);
  frame[0] = first;
  if (header === 2) frame[1] = payload;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(payload, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(payload / 2 ** 32), 2);
    frame.writeUInt32BE(payload % 2 ** 32, 6);
  }
  return frame;
}
