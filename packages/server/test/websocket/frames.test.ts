import type { Codec } from '@thrum/protocol';
import { jsonCodec } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { WebSocketCodec } from '../../src/transports/websocket/frames.ts';

/** Of which the payload can be chosen. */
const plain = (encode: Codec['encode']): WebSocketCodec =>
  new WebSocketCodec({ ...jsonCodec, encode, binary: false });
const text = plain((frame) => (frame as { readonly of: string }).of);
const binary = plain((frame) => (frame as { readonly of: Uint8Array }).of);

/** The header that RFC 6455 §5.2 has for so many bytes. */
const headers: readonly (readonly [size: number, header: string])[] = [
  [0, '8100'],
  [1, '8101'],
  [125, '817d'],
  [126, '817e007e'],
  [65_535, '817effff'],
  [65_536, '817f0000000000010000'],
  [70_000, '817f0000000000011170'],
];

describe('a message as a frame', () => {
  it.each(headers)('of %i bytes has its length in the header', (size, header) => {
    const payload = 'x'.repeat(size);
    expect(text.encode({ of: payload }).toString('latin1')).toBe(
      Buffer.from(header, 'hex').toString('latin1') + payload,
    );
    const bytes = new Uint8Array(size).fill(7);
    expect(binary.encode({ of: bytes }).toString('hex')).toBe(
      header.replace('81', '82') + Buffer.from(bytes).toString('hex'),
    );
  });

  it('counts bytes and not characters', () => {
    expect(text.encode({ of: 'é€😀' }).toString('hex')).toBe('8109c3a9e282acf09f9880');
  });

  it('goes with others in one buffer, the same for everybody who sends the same ones', () => {
    const messages = [text.encode({ of: 'a' }), text.encode({ of: 'bc' })];
    expect(text.join(messages).toString('hex')).toBe('81016181026263');
    expect(text.join(messages)).toBe(text.join(messages));
    expect(text.join([...messages])).toEqual(text.join(messages));
  });
});
