/** Precedes the moment of publication in a payload, as in tools that read any text protocol. */
export const marker = '@@T';

const digits = 16;
const stampLength = marker.length + digits;

/** What is published: so many bytes of text, or of a JSON object that repeats itself as records do. */
export interface PayloadForm {
  readonly bytes: number;
  readonly kind: 'text' | 'json';
}

export type Payload = string | object;

/** The clock is one for all processes of a machine; nanoseconds. */
export function now(): bigint {
  return process.hrtime.bigint();
}

/** A payload of `bytes` bytes that says when it was asked for. */
export function stampedPayload(bytes: number, stamp: bigint = now()): string {
  return stampText(stamp).padEnd(bytes, 'x');
}

/** What makes payloads of one form. */
export function payloadMaker({ bytes, kind }: PayloadForm): (stamp: bigint) => Payload {
  if (kind === 'text') return (stamp) => stampedPayload(bytes, stamp);
  const items: object[] = [];
  const sizeOf = (): number => JSON.stringify({ at: stampText(0n), items }).length;
  while (sizeOf() < bytes) items.push(record(items.length));
  return (stamp) => ({ at: stampText(stamp), items });
}

/** The moment in a frame's bytes, or `undefined` where there is none. */
export function publishedAt(frame: Buffer, from = 0): bigint | undefined {
  const at = frame.indexOf(marker, from);
  if (at < 0 || frame.length < at + stampLength) return undefined;
  const text = frame.toString('latin1', at + marker.length, at + stampLength);
  return /^[\da-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

function stampText(stamp: bigint): string {
  return marker + stamp.toString(16).padStart(digits, '0');
}

/** One line of a dashboard: the keys are the same in each, the values are not. */
function record(index: number): object {
  const value = (index * 2_654_435_761) % 100_003;
  return {
    id: `sensor-${index}`,
    value: value / 100,
    unit: index % 3 === 0 ? 'celsius' : 'percent',
    updatedAt: 1_795_400_000_000 + value,
    tags: ['floor', value % 7, 'north'],
  };
}
