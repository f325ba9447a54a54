import type { FrameCodec } from '@thrum/core';
import type { Codec } from '@thrum/protocol';

/** A ping without payload, unmasked as all frames of a server are (RFC 6455 §5.1). */
export const pingFrame: Buffer = Buffer.from([0x89, 0x00]);

const finText = 0x81;
const finBinary = 0x82;

/**
 * A codec of the protocol whose messages are whole WebSocket frames, unmasked as all of a server are (RFC 6455 §5.2): what
 * the core encodes once and shares is what goes to the network, header included.
 */
export class WebSocketCodec implements FrameCodec {
  private readonly codec: Codec;
  private last: { readonly of: readonly Buffer[]; readonly bytes: Buffer } | undefined;

  constructor(codec: Codec) {
    this.codec = codec;
  }

  encode(frame: object): Buffer {
    const message = this.codec.encode(frame);
    if (typeof message !== 'string') {
      const bytes = frameOf(finBinary, message.byteLength);
      bytes.set(message, bytes.length - message.byteLength);
      return bytes;
    }
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
    if (this.last?.of !== messages) this.last = { of: messages, bytes: Buffer.concat(messages) };
    return this.last.bytes;
  }
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
