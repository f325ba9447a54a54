/** Where a connection's bytes stand inside a message that has begun and not ended. */
export interface Unfinished {
  /** The tick in which its first byte came. */
  readonly since: number;
  /** Payload bytes of the current frame still to come. */
  readonly remaining: number;
  /** Whether a fragment without FIN has been seen and its end has not. */
  readonly fragmented: boolean;
  /** The first bytes of a frame header that is not whole yet. */
  readonly header: Buffer | undefined;
}

/**
 * Follows frame boundaries (RFC 6455 §5.2) through one more chunk. `undefined` means that the chunk ended between two
 * messages, which it nearly always does: a connection keeps nothing then. ws checks the frames themselves; this only
 * notices those that never end, which ws waits for without a limit.
 */
export function follow(chunk: Buffer, from: Unfinished | undefined, tick: number): Unfinished | undefined {
  const bytes = from?.header === undefined ? chunk : Buffer.concat([from.header, chunk]);
  let fragmented = from?.fragmented ?? false;
  let since = from?.since ?? tick;
  let offset = Math.min(from?.remaining ?? 0, bytes.length);
  let remaining = (from?.remaining ?? 0) - offset;
  let header: Buffer | undefined;
  while (remaining === 0 && offset < bytes.length) {
    // A frame begins here; with nothing before it, a message does.
    if (offset > 0 && !fragmented) since = tick;
    const size = headerSize(bytes, offset);
    if (offset + size > bytes.length) {
      header = Buffer.from(bytes.subarray(offset));
      break;
    }
    const first = bytes[offset] ?? 0;
    // Control frames may come between fragments and change nothing (§5.4).
    if ((first & 0x08) === 0) fragmented = (first & 0x80) === 0;
    remaining = payloadLength(bytes, offset);
    offset += size;
    const step = Math.min(remaining, bytes.length - offset);
    offset += step;
    remaining -= step;
  }
  if (remaining === 0 && !fragmented && header === undefined) return undefined;
  return { since, remaining, fragmented, header };
}

/** Bytes of the header at `offset`; at least 2, and more once the second byte is there to say so. */
function headerSize(bytes: Buffer, offset: number): number {
  const second = bytes[offset + 1];
  if (second === undefined) return 2;
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0);
}

function payloadLength(bytes: Buffer, offset: number): number {
  const length = (bytes[offset + 1] ?? 0) & 0x7f;
  if (length === 126) return bytes.readUInt16BE(offset + 2);
  if (length === 127) return bytes.readUInt32BE(offset + 2) * 2 ** 32 + bytes.readUInt32BE(offset + 6);
  return length;
}
