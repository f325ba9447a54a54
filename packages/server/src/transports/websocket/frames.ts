/** A ping without payload, unmasked as all frames of a server are (RFC 6455 §5.1). */
export const pingFrame: Buffer = Buffer.from([0x89, 0x00]);

const finText = 0x81;
const finBinary = 0x82;

let lastMessage: Uint8Array | undefined;
let lastBinary = false;
let lastFrame: Buffer = pingFrame;

/**
 * One message as one unmasked frame (RFC 6455 §5.2). A fan-out hands the same bytes to one connection after the other, so
 * the last frame is kept: header and payload are joined once, and each connection costs one write of a shared buffer.
 */
export function frameOf(message: Uint8Array, binary: boolean): Buffer {
  if (message === lastMessage && binary === lastBinary) return lastFrame;
  const { byteLength } = message;
  const headerLength = byteLength < 126 ? 2 : byteLength < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + byteLength);
  frame[0] = binary ? finBinary : finText;
  if (headerLength === 2) frame[1] = byteLength;
  else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(byteLength, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(byteLength / 2 ** 32), 2);
    frame.writeUInt32BE(byteLength % 2 ** 32, 6);
  }
  frame.set(message, headerLength);
  lastMessage = message;
  lastBinary = binary;
  lastFrame = frame;
  return frame;
}
