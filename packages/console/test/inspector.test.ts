import { expect, test } from 'vitest';
import { filterEntries, Inspector, wscatLine } from '../src/lib/inspector.ts';
import { jsonTokens } from '../src/lib/json-tokens.ts';

function texts(inspector: Inspector): string[] {
  return inspector.view.get().entries.map(({ text }) => text);
}

test('a frame is kept as it travelled, with its type, its size in bytes and one line of its fields', () => {
  const inspector = new Inspector(10, () => 42);
  inspector.frame('out', '{ "type": "message", "channel": "chat:ä", "data": {"n": 1} }');
  expect(inspector.view.get().entries[0]).toEqual({
    seq: 1,
    at: 42,
    direction: 'out',
    type: 'message',
    bytes: 61,
    text: '{ "type": "message", "channel": "chat:ä", "data": {"n": 1} }',
    json: { type: 'message', channel: 'chat:ä', data: { n: 1 } },
    preview: 'channel=chat:ä data={"n":1}',
  });
});

test('what is no frame is shown as well: it is what one looks for', () => {
  const inspector = new Inspector();
  inspector.frame('in', 'no json');
  inspector.frame('in', '[1]');
  inspector.frame('in', new ArrayBuffer(7));
  const seen = inspector.view.get().entries.map(({ type, bytes }) => `${type} ${bytes}`);
  expect(seen).toEqual(['text 7', 'json 3', 'binary 7']);
});

test('tokens never get in, at whatever depth', () => {
  const inspector = new Inspector();
  inspector.frame('out', '{"type":"auth","token":"s3cret"}');
  inspector.frame('out', '{"type":"call","params":[{"auth":{"token":"s3cret"}}]}');
  expect(JSON.stringify(inspector.view.get())).not.toContain('s3cret');
  expect(inspector.view.get().entries[0]?.bytes).toBe(32);
});

test('beyond its capacity the oldest entries go', () => {
  const inspector = new Inspector(3);
  for (const letter of 'abcde') inspector.frame('in', letter);
  expect(texts(inspector)).toEqual(['c', 'd', 'e']);
});

test('a pause keeps the list still, counts what passes, and ends without it', () => {
  const inspector = new Inspector();
  inspector.frame('in', 'a');
  inspector.pause(true);
  inspector.frame('in', 'b');
  inspector.frame('in', 'c');
  expect(texts(inspector)).toEqual(['a']);
  expect(inspector.view.get().missed).toBe(2);
  inspector.pause(false);
  inspector.frame('in', 'd');
  expect(texts(inspector)).toEqual(['a', 'd']);
  expect(inspector.view.get().missed).toBe(0);
});

test('clearing empties the list and lets it go on', () => {
  const inspector = new Inspector();
  inspector.frame('in', 'a');
  inspector.clear();
  inspector.note('closed', '1006');
  expect(texts(inspector)).toEqual(['1006']);
});

test('the filter wants every word, in any order and case', () => {
  const inspector = new Inspector();
  inspector.frame('in', '{"type":"message","channel":"chat:lobby"}');
  inspector.frame('in', '{"type":"ack","channel":"chat:lobby"}');
  const { entries } = inspector.view.get();
  expect(filterEntries(entries, 'LOBBY mess').map(({ type }) => type)).toEqual(['message']);
  expect(filterEntries(entries, '  ')).toBe(entries);
  expect(filterEntries(entries, 'nothing')).toEqual([]);
});

test('a wscat line survives the shell', () => {
  expect(wscatLine('ws://localhost:3000/ws', `{"data":"it's"}`)).toBe(
    `wscat -c 'ws://localhost:3000/ws' -w 5 -x '{"data":"it'\\''s"}'`,
  );
});

test('the coloured pieces of JSON are the JSON, unchanged', () => {
  const text = JSON.stringify({ a: 'x: "true" 1', b: [1, -2.5e3, null, true], 'k"': {} }, null, 2);
  const tokens = jsonTokens(text);
  expect(tokens.map((token) => token.text).join('')).toBe(text);
  const of = (kind: string): string[] =>
    tokens.filter((token) => token.kind === kind).map((token) => token.text);
  expect(of('key')).toEqual(['"a"', '"b"', '"k\\""']);
  expect(of('literal')).toEqual(['1', '-2500', 'null', 'true']);
});
