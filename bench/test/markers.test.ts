import { describe, expect, test } from 'vitest';
import { MarkerReader } from '../load/markers.ts';
import { stampedPayload } from '../payload.ts';

function read(chunks: readonly Buffer[]): { readonly found: number; readonly published: readonly bigint[] } {
  let found = 0;
  const published: bigint[] = [];
  const reader = new MarkerReader({
    found: () => {
      found += 1;
      return true;
    },
    published: (at) => published.push(at),
  });
  const shared = Buffer.alloc(1000);
  for (const chunk of chunks) {
    // The same memory for each, as the load reads, with something before and behind.
    shared.fill('@');
    chunk.copy(shared, 2);
    reader.read(shared, 2, 2 + chunk.length);
  }
  return { found, published };
}

const stream = Buffer.from(
  `MSG a 1 30\r\n${stampedPayload(30, 1n)}\r\n@@MSG a 1 30\r\n@${stampedPayload(30, 2n)}\r\n${stampedPayload(30, 3n)}`,
);

describe('the marker reader', () => {
  test('finds every publication of a chunk, and its moment', () => {
    expect(read([stream])).toEqual({ found: 3, published: [1n, 2n, 3n] });
  });

  test('counts each once, wherever chunks are cut', () => {
    for (const size of [1, 2, 3, 4, 5, 19, 31]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
      expect(read(chunks).found, `chunks of ${size}`).toBe(3);
    }
  });

  test('tells no moment that is cut off', () => {
    const cut = stream.indexOf('@@T') + 10;
    expect(read([stream.subarray(0, cut), stream.subarray(cut)])).toEqual({ found: 3, published: [2n, 3n] });
  });
});
