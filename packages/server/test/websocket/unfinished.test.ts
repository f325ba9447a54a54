import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { follow, type Unfinished } from '../../src/transports/websocket/ws/unfinished.ts';

interface Spec {
  readonly fin: boolean;
  readonly control: boolean;
  readonly length: number;
}

function bytesOf({ fin, control, length }: Spec, continued: boolean): Buffer {
  const opcode = control ? 0x9 : continued ? 0x0 : 0x1;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended + 4);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, Buffer.alloc(length, 0x81)]);
}

/** The stream, and where in it a message is open: between its first byte and its last. */
function streamOf(specs: readonly Spec[]): { bytes: Buffer; boundaries: ReadonlySet<number> } {
  const parts: Buffer[] = [];
  const boundaries = new Set<number>([0]);
  let length = 0;
  let open = false;
  for (const spec of specs) {
    const part = bytesOf(spec, open);
    parts.push(part);
    length += part.length;
    if (!spec.control) open = !spec.fin;
    if (!open) boundaries.add(length);
  }
  return { bytes: Buffer.concat(parts), boundaries };
}

const frame = fc.oneof(
  fc.record({
    fin: fc.boolean(),
    control: fc.constant(false),
    length: fc.oneof(fc.nat(300), fc.constantFrom(0, 125, 126, 65_535, 65_536)),
  }),
  fc.record({ fin: fc.constant(true), control: fc.constant(true), length: fc.nat(125) }),
);

describe('following frame boundaries', () => {
  it('knows after every chunk whether a message is unfinished, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
        (specs, cuts) => {
          const { bytes, boundaries } = streamOf(specs);
          let state: Unfinished | undefined;
          let offset = 0;
          for (let turn = 0; offset < bytes.length; turn += 1) {
            const end = offset + (cuts[turn % cuts.length] ?? 1);
            state = follow(bytes.subarray(offset, end), state, turn);
            offset = Math.min(end, bytes.length);
            expect(state === undefined).toBe(boundaries.has(offset));
          }
        },
      ),
    );
  });

  it('remembers when the first byte came, not the latest', () => {
    const bytes = bytesOf({ fin: true, control: false, length: 10 }, false);
    const first = follow(bytes.subarray(0, 1), undefined, 3);
    const second = follow(bytes.subarray(1, 8), first, 7);
    expect(second?.since).toBe(3);
    const next = Buffer.concat([bytes.subarray(8), bytes.subarray(0, 4)]);
    expect(follow(next, second, 9)?.since).toBe(9);
  });

  it('does not take a control frame for the end of a fragmented message', () => {
    const begun = follow(bytesOf({ fin: false, control: false, length: 1 }, false), undefined, 1);
    const pinged = follow(bytesOf({ fin: true, control: true, length: 1 }, true), begun, 2);
    expect(pinged).toMatchObject({ fragmented: true, since: 1 });
    expect(follow(bytesOf({ fin: true, control: false, length: 1 }, true), pinged, 3)).toBeUndefined();
  });
});
