import { frameBytes, opcodes } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { Receiver } from '../../src/transports/websocket/thrum/receiver.ts';

const receiver = new Receiver({ messageBytes: 1_000_000, fragments: 64, deflate: false });

function ignore(): void {}

const reader = { reads: true, message: ignore, ping: ignore, closing: ignore, failed: ignore };

/** Bytes that what is unfinished keeps from being collected. */
function kept(...chunks: readonly Buffer[]): number {
  let unfinished: ReturnType<Receiver['read']>;
  for (const chunk of chunks) unfinished = receiver.read(chunk, unfinished, reader, 0);
  const { frame, message } = unfinished ?? {};
  return (frame?.bytes.buffer.byteLength ?? 0) + (message?.payload.bytes.buffer.byteLength ?? 0);
}

const whole = frameBytes({ payload: 'x'.repeat(60_000) });

describe('what a receiver keeps between two chunks', () => {
  it('is nothing behind whole messages', () => {
    expect(receiver.read(Buffer.concat([whole, whole]), undefined, reader, 0)).toBeUndefined();
  });

  it('is the end of a large chunk, not the chunk', () => {
    expect(kept(Buffer.concat([whole, whole.subarray(0, 5)]))).toBeLessThanOrEqual(16);
  });

  it('is as much as has come of a message, not as it announces', () => {
    const announced = frameBytes({ length: 900_000, lengthBytes: 8, payload: 'x'.repeat(100) });
    expect(kept(announced)).toBeLessThanOrEqual(2 * announced.length);
  });

  it('is a fragment, not the chunk that it came in', () => {
    const fragment = frameBytes({ fin: false, payload: 'x'.repeat(100) });
    expect(kept(Buffer.concat([whole, fragment]))).toBeLessThanOrEqual(200);
  });

  it('is one piece of memory, however small the pieces are in which it comes', () => {
    const { length } = whole;
    const bytes = Array.from({ length: length - 1 }, (_, index) => whole.subarray(index, index + 1));
    expect(kept(...bytes)).toBeLessThanOrEqual(length);
    const fragments = Array.from({ length: 60 }, (_, index) =>
      frameBytes({ opcode: index === 0 ? opcodes.text : opcodes.continuation, fin: false, payload: 'x' }),
    );
    expect(kept(...fragments)).toBeLessThanOrEqual(2 * fragments.length);
  });
});
