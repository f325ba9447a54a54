/** Opcodes of RFC 6455 §5.2. */
export const opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export const fin = 0x80;
export const rsv1 = 0x40;
const rsv2And3 = 0x30;
const masked = 0x80;
const mostControlBytes = 125;

/**
 * Whether a frame may begin with these two bytes; a server closes with 1002 where not.
 * @param continues a message has begun and wants continuations.
 * @param deflate messages may be compressed (RFC 7692).
 */
export function isAllowed(first: number, second: number, continues: boolean, deflate: boolean): boolean {
  if ((first & rsv2And3) !== 0 || (second & masked) === 0) return false;
  const compressed = (first & rsv1) !== 0;
  const length = second & 0x7f;
  switch (first & 0x0f) {
    case opcode.continuation:
      return continues && !compressed;
    case opcode.text:
    case opcode.binary:
      return !continues && (deflate || !compressed);
    case opcode.close:
      // A code is two bytes or is not there (§5.5.1).
      return isControl(first, length) && length !== 1;
    case opcode.ping:
    case opcode.pong:
      return isControl(first, length);
    default:
      return false;
  }
}

/** Control frames are whole, short and never compressed (RFC 6455 §5.5, RFC 7692 §6.1). */
function isControl(first: number, length: number): boolean {
  return (first & (fin | rsv1)) === fin && length <= mostControlBytes;
}

/** Bytes in front of the payload, the mask included, by the seven bits of length in the second byte. */
export function headerLength(second: number): number {
  const length = second & 0x7f;
  return length < 126 ? 6 : length === 126 ? 8 : 14;
}

/** Payload bytes that a header announces; `undefined` until enough of it is there. */
export function payloadLength(bytes: Buffer, at: number, have: number): number | undefined {
  const length = (bytes[at + 1] as number) & 0x7f;
  if (length < 126) return length;
  if (length === 126) return have < 4 ? undefined : bytes.readUInt16BE(at + 2);
  return have < 10 ? undefined : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}

/** The codes that may stand in a close frame (RFC 6455 §7.4, and the registry of RFC 6455 §11.7). */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
