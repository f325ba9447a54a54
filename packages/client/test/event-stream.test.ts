import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventReader } from '../src/fallback/event-stream.ts';

type Event = readonly [event: string, data: string];

function read(...pieces: readonly string[]): Event[] {
  const events: Event[] = [];
  const piece = createEventReader((event, data) => events.push([event, data]));
  pieces.forEach((each) => piece(each));
  return events;
}

/** Cut after these many characters, over and over. */
function cut(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, n = 0; at < text.length; n += 1) {
    const length = lengths[n % lengths.length] ?? 1;
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const value = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/gu, ''));
const noise = fc.oneof(
  value.map((text) => `:${text}`),
  value.map((text) => `id:${text}`),
  fc.constantFrom('retry: 1000', 'data2: no', 'events', ' data: no', 'Data: no'),
);
const block = fc.record({
  event: fc.option(value),
  data: fc.array(value, { minLength: 1, maxLength: 3 }),
  noise: fc.array(noise, { maxLength: 2 }),
  space: fc.constantFrom('', ' '),
});

describe('the reader of event streams', () => {
  it('finds the same events wherever the stream is cut and however lines end', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(block), fc.array(lineEnd, { minLength: 1 }), cuts, (blocks, ends, lengths) => {
        const lines = blocks.flatMap(({ event, data, noise: others, space }) => [
          ...others,
          // One space goes with the colon; a value that begins with one needs it.
          ...(event === null ? [] : [`event:${event.startsWith(' ') ? ' ' : space}${event}`]),
          ...data.map((each) => `data:${each.startsWith(' ') ? ' ' : space}${each}`),
          '',
        ]);
        const ended = lines.map((line, n) => line + (ends[n % ends.length] ?? ''));
        // A CR before a line feed would be one line end, where two are meant.
        const text = ended.reduce(
          (all, line) => (all.endsWith('\r') && line === '\n' ? `${all}\r` : all + line),
          '',
        );
        const expected = blocks.map(({ event, data }) => [event ?? '', data.join('\n')]);
        expect(read(...cut(text, lengths), ':end\n')).toEqual(expected);
      }),
    );
  });

  it('gives nothing for a block without data, and forgets its event', () => {
    expect(read('event: a\n\ndata: 1\n\n')).toEqual([['', '1']]);
    expect(read(':heartbeat\n\n:heartbeat\n\n')).toEqual([]);
  });

  it('takes an empty line of data for data', () => {
    expect(read('data\n\ndata:\n\ndata\ndata\n\n')).toEqual([
      ['', ''],
      ['', ''],
      ['', '\n'],
    ]);
  });

  it('keeps colons and all spaces but the first in a value', () => {
    expect(read('event: a:b\ndata:  {"a": 1} \n\n')).toEqual([['a:b', ' {"a": 1} ']]);
  });

  it('says nothing of an event whose end has not come', () => {
    expect(read('data: 1\n')).toEqual([]);
    expect(read('data: 1\n', '\n')).toEqual([['', '1']]);
  });
});
