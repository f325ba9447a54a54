import { expect, test } from 'vitest';
import { payloadMaker, publishedAt, stampedPayload } from '../payload.ts';

test('a payload has the length it was asked for and says when it was asked for', () => {
  const payload = stampedPayload(100, 123_456_789n);
  expect(Buffer.byteLength(payload)).toBe(100);
  expect(publishedAt(Buffer.from(JSON.stringify({ type: 'message', data: payload })))).toBe(123_456_789n);
});

test('a frame without a stamp, or with half of one, has no moment of publication', () => {
  expect(publishedAt(Buffer.from('{"type":"error"}'))).toBeUndefined();
  expect(publishedAt(Buffer.from('@@T0123'))).toBeUndefined();
  expect(publishedAt(Buffer.from('@@Tnot sixteen digits'))).toBeUndefined();
});

test('of several in one chunk, the moment is that of the first from a place on', () => {
  const bytes = Buffer.from(stampedPayload(30, 1n) + stampedPayload(30, 2n));
  expect(publishedAt(bytes)).toBe(1n);
  expect(publishedAt(bytes, 1)).toBe(2n);
});

test('a JSON payload carries its moment and is no more than one record longer than asked for', () => {
  const text = JSON.stringify(payloadMaker({ bytes: 4096, kind: 'json' })(77n));
  expect(publishedAt(Buffer.from(text))).toBe(77n);
  expect(text.length).toBeGreaterThanOrEqual(4096);
  expect(text.length).toBeLessThan(4096 + 150);
});
