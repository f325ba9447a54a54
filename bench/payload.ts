/** Precedes the moment of publication in a payload, as in tools that read any text protocol. */
const marker = '@@T';

const digits = 16;
const stampLength = marker.length + digits;

/** A payload of `bytes` bytes that says when it was published; the clock is one for all processes of a machine. */
export function stampedPayload(bytes: number, now: bigint = process.hrtime.bigint()): string {
  return (marker + now.toString(16).padStart(digits, '0')).padEnd(bytes, 'x');
}

/** The moment of publication in a frame's bytes, or `undefined` where there is none. */
export function publishedAt(frame: Buffer): bigint | undefined {
  const at = frame.indexOf(marker);
  if (at < 0 || frame.length < at + stampLength) return undefined;
  const text = frame.toString('latin1', at + marker.length, at + stampLength);
  return /^[\da-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}
