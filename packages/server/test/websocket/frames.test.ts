import { describe, expect, it } from 'vitest';
import { frameOf, framesOf } from '../../src/transports/websocket/frames.ts';

const sizes = [0, 1, 125, 126, 65_535, 65_536, 70_000];
const messages = sizes.map((size, index) => new Uint8Array(size).fill(index));

describe('the frames of several messages', () => {
  it.each([false, true])('are those of each, one behind the other (binary: %s)', (binary) => {
    const joined = framesOf(messages, binary);
    expect(
      joined.equals(Buffer.concat(messages.map((message) => Buffer.from(frameOf(message, binary))))),
    ).toBe(true);
  });

  it('are written as RFC 6455 has them', () => {
    expect(framesOf([Buffer.from('a'), Buffer.from('bc')], false).toString('hex')).toBe('81016181026263');
    expect(framesOf([Buffer.from('a')], true).toString('hex')).toBe('820161');
    expect(frameOf(new Uint8Array(126), false).subarray(0, 4).toString('hex')).toBe('817e007e');
    expect(frameOf(new Uint8Array(65_536), true).subarray(0, 10).toString('hex')).toBe(
      '827f0000000000010000',
    );
  });

  it('are one buffer for everybody who sends the same ones', () => {
    expect(framesOf(messages, false)).toBe(framesOf(messages, false));
    expect(framesOf(messages, true)).not.toBe(framesOf(messages, false));
  });
});
