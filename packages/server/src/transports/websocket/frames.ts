/** A ping without payload, unmasked as all frames of a server are (RFC 6455 §5.1). */
export const pingFrame: Buffer = Buffer.from([0x89, 0x00]);

const finText = 0x81;
const finBinary = 0x82;

/** What was framed last, and what became of it. */
interface Framed<T> {
  readonly of: T;
  readonly binary: boolean;
  readonly bytes: Buffer;
}

let lastFrame: Framed<Uint8Array> | undefined;
let lastFrames: Framed<readonly Uint8Array[]> | undefined;

/**
 * One message as one unmasked frame (RFC 6455 §5.2). A fan-out hands the same bytes to one connection after the other, so
 * the last frame is kept: header and payload are joined once, and each connection costs one write of a shared buffer.
 */
export function frameOf(message: Uint8Array, binary: boolean): Buffer {
  if (lastFrame === undefined || lastFrame.of !== message || lastFrame.binary !== binary) {
    const bytes = Buffer.allocUnsafe(frameLength(message));
    writeFrame(bytes, 0, message, binary);
    lastFrame = { of: message, binary, bytes };
  }
  return lastFrame.bytes;
}

/** {@link frameOf} for several messages, each in a frame of its own, in one buffer. */
export function framesOf(messages: readonly Uint8Array[], binary: boolean): Buffer {
  if (lastFrames === undefined || lastFrames.of !== messages || lastFrames.binary !== binary) {
    let length = 0;
    for (const message of messages) length += frameLength(message);
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (const message of messages) at = writeFrame(bytes, at, message, binary);
    lastFrames = { of: messages, binary, bytes };
  }
  return lastFrames.bytes;
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
