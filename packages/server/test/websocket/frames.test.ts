import { describe, expect, it } from 'vitest';
import { Framer } from '../../src/transports/websocket/frames.ts';

const sizes = [0, 1, 125, 126, 65_535, 65_536, 70_000];
const text = new Framer(false);
const binary = new Framer(true);
const messages = sizes.map((size, index) => new Uint8Array(size).fill(index));

describe('the frames of several messages', () => {
  it.each([text, binary])('are those of each, one behind the other', (framer) => {
    const joined = framer.frames(messages);
    expect(joined.equals(Buffer.concat(messages.map((message) => Buffer.from(framer.frame(message)))))).toBe(
      true,
    );
  });

  it('are written as RFC 6455 has them', () => {
    expect(text.frames([Buffer.from('a'), Buffer.from('bc')]).toString('hex')).toBe('81016181026263');
    expect(binary.frames([Buffer.from('a')]).toString('hex')).toBe('820161');
    expect(text.frame(new Uint8Array(126)).subarray(0, 4).toString('hex')).toBe('817e007e');
    expect(binary.frame(new Uint8Array(65_536)).subarray(0, 10).toString('hex')).toBe(
      '827f0000000000010000',
    );
  });

  it('are one buffer for everybody who sends the same ones', () => {
    expect(text.frames(messages)).toBe(text.frames(messages));
    expect(binary.frames(messages)).not.toBe(text.frames(messages));
  });
});
