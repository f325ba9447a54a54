import type { Codec } from '@thrum/protocol';
import { jsonCodec } from '@thrum/protocol';
import { inflateRawSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Deflater } from '../../src/transports/websocket/deflater.ts';
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

describe('a compressed message', () => {
  const encode = (of: string, options = {}): Buffer =>
    new WebSocketCodec(
      { ...jsonCodec, encode: (frame) => (frame as { readonly of: string }).of },
      new Deflater(options),
    ).encode({ of });
  const inflated = (frame: Buffer): string => {
    const header = (frame[1] ?? 0) < 126 ? 2 : 4;
    const whole = Buffer.concat([frame.subarray(header), Buffer.from('0000ffff', 'hex')]);
    return inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  };
  const long = JSON.stringify(Array.from({ length: 400 }, (_, n) => ({ n, text: 'é the same again' })));

  it.each([1500, 4096, 5000, 60_000, 200_000])('of %i bytes has RSV1 and is what it was', (size) => {
    const text = long
      .repeat(20)
      .slice(0, size - 400)
      .padEnd(size - 300, 'x');
    const frame = encode(text);
    expect(frame[0]).toBe(0xc1);
    expect(frame.length).toBeLessThan(size / 2);
    expect(inflated(frame)).toBe(text);
  });

  it('is one from the threshold on, in bytes', () => {
    expect(encode('x'.repeat(1023))[0]).toBe(0x81);
    expect(encode('x'.repeat(1024))[0]).toBe(0xc1);
    expect(encode('é'.repeat(512))[0]).toBe(0xc1);
    expect(encode('x'.repeat(50), { threshold: 40 })[0]).toBe(0xc1);
  });

  it('goes as it is where that is smaller, or where the event loop would stand still for it', () => {
    const noise = Array.from({ length: 40 }, (_, n) => String.fromCharCode(33 + ((n * 7919) % 90))).join('');
    expect(encode(noise, { threshold: 1 })[0]).toBe(0x81);
    expect(encode('x'.repeat(262_145))[0]).toBe(0x81);
  });

  it.each([
    [{ level: 0 }, 'compression.level: expected a whole number from 1 to 9, got 0'],
    [{ level: 6.5 }, 'compression.level: expected a whole number from 1 to 9, got 6.5'],
    [{ threshold: -1 }, 'compression.threshold: expected bytes, 0 or more, got -1'],
  ])('of %j is refused', (options, message) => {
    expect(() => new Deflater(options)).toThrow(message);
  });
});
