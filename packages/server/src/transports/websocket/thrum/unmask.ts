/** Fewer bytes than this are unmasked sooner one by one than with a view for whole words. */
const wordsFrom = 96;

const wordBytes: Uint8Array = new Uint8Array(4);
const word: Int32Array = new Int32Array(wordBytes.buffer);

/**
 * Unmasks `bytes[start, end)` in place with the four bytes at `mask` (RFC 6455 §5.3). Returns whether all of it is ASCII,
 * which is then known to be UTF-8 without another look.
 */
export function unmask(bytes: Buffer, mask: number, start: number, end: number): boolean {
  if (end - start < wordsFrom) return unmaskBytes(bytes, mask, start, end, 0);
  const odd = -(bytes.byteOffset + start) & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start + odd, (end - start - odd) >> 2);
  for (let index = 0; index < 4; index += 1) wordBytes[index] = bytes[mask + ((odd + index) & 3)] as number;
  const key = word[0] as number;
  let seen = 0;
  for (let index = 0; index < words.length; index += 1) {
    const plain = (words[index] as number) ^ key;
    words[index] = plain;
    seen |= plain;
  }
  const before = unmaskBytes(bytes, mask, start, start + odd, 0);
  const after = unmaskBytes(bytes, mask, start + odd + words.length * 4, end, odd);
  return before && after && (seen & 0x80808080) === 0;
}

/** `turn` says which of the mask's bytes is the first one's. */
function unmaskBytes(bytes: Buffer, mask: number, start: number, end: number, turn: number): boolean {
  let seen = 0;
  for (let index = start; index < end; index += 1) {
    const plain = (bytes[index] as number) ^ (bytes[mask + ((index - start + turn) & 3)] as number);
    bytes[index] = plain;
    seen |= plain;
  }
  return seen < 0x80;
}
