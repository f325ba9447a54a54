import { expect, test } from 'vitest';
import { publishedAt, stampedPayload } from '../payload.ts';

test('a payload has the length it was asked for and says when it was published', () => {
  const payload = stampedPayload(100, 123_456_789n);
  expect(Buffer.byteLength(payload)).toBe(100);
  expect(publishedAt(Buffer.from(JSON.stringify({ type: 'message', data: payload })))).toBe(123_456_789n);
});

test('a frame without a stamp, or with half of one, has no moment of publication', () => {
  expect(publishedAt(Buffer.from('{"type":"error"}'))).toBeUndefined();
  expect(publishedAt(Buffer.from('@@T0123'))).toBeUndefined();
  expect(publishedAt(Buffer.from('@@Tnot sixteen digits'))).toBeUndefined();
});
