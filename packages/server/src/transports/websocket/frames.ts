/** A ping without payload, unmasked as all frames of a server are (RFC 6455 §5.1). */
export const pingFrame: Buffer = Buffer.from([0x89, 0x00]);

const finText = 0x81;
const finBinary = 0x82;

/** What was framed last, and what became of it. */
interface Framed<T> {
  readonly of: T;
  readonly bytes: Buffer;
}

/**
 * Messages of one codec as unmasked frames (RFC 6455 §5.2). A fan-out hands the same bytes to one connection after the
 * other, so the last result is kept: header and payload are joined once for all of them.
 */
export class Framer {
  private readonly isBinary: boolean;
  private last: Framed<Uint8Array> | undefined;
  private lastRun: Framed<readonly Uint8Array[]> | undefined;

  constructor(isBinary: boolean) {
    this.isBinary = isBinary;
  }

  /** One message as one frame. */
  frame(message: Uint8Array): Buffer {
    if (this.last?.of !== message) {
      const bytes = Buffer.allocUnsafe(frameLength(message));
      writeFrame(bytes, 0, message, this.isBinary);
      this.last = { of: message, bytes };
    }
    return this.last.bytes;
  }

  /** Several messages, each in a frame of its own, in one buffer. */
  frames(messages: readonly Uint8Array[]): Buffer {
    if (this.lastRun?.of !== messages) {
      let length = 0;
      for (const message of messages) length += frameLength(message);
      const bytes = Buffer.allocUnsafe(length);
      let at = 0;
      for (const message of messages) at = writeFrame(bytes, at, message, this.isBinary);
      this.lastRun = { of: messages, bytes };
    }
    return this.lastRun.bytes;
  }
}

function frameLength({ byteLength }: Uint8Array): number {
  return headerLength(byteLength) + byteLength;
}

function headerLength(payload: number): number {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}

/** Returns where the next one goes. */
function writeFrame(frame: Buffer, at: number, message: Uint8Array, binary: boolean): number {
  const { byteLength } = message;
  const header = headerLength(byteLength);
  frame[at] = binary ? finBinary : finText;
  if (header === 2) frame[at + 1] = byteLength;
  else if (header === 4) {
    frame[at + 1] = 126;
    frame.writeUInt16BE(byteLength, at + 2);
  } else {
    frame[at + 1] = 127;
    frame.writeUInt32BE(Math.floor(byteLength / 2 ** 32), at + 2);
    frame.writeUInt32BE(byteLength % 2 ** 32, at + 6);
  }
  frame.set(message, at + header);
  return at + header + byteLength;
}
