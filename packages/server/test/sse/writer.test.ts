import { eventNameError } from '@thrum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventForm } from '../../src/transports/sse/event-codec.ts';
import { dataLines, eventLines, idLine, retryLine } from '../../src/transports/sse/writer.ts';

describe('an event', () => {
  it('has its name, its data and its id on lines of their own', () => {
    expect(eventLines('update', '{"n":1}') + idLine('AQ0')).toBe('event: update\ndata: {"n":1}\nid: AQ0\n\n');
    expect(retryLine(1500.4)).toBe('retry: 1500\n');
  });

  it('leaves out the name of a message, which is what EventSource calls one without a name', () => {
    expect(eventLines('message', '1')).toBe('data: 1\n');
  });

  it.each([
    ['LF', 'a\nb'],
    ['CR', 'a\rb'],
    ['CRLF', 'a\r\nb'],
  ])('has a data line for each line of data that ends in %s', (_, data) => {
    expect(dataLines(data)).toBe('data: a\ndata: b\n');
  });

  it('keeps empty lines of data, and the spaces that lines begin with', () => {
    expect(dataLines('\n a\n')).toBe('data: \ndata:  a\ndata: \n');
  });

  it('of any data has no line that is not data', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (data) => {
        const lines = dataLines(data).split(/\r\n|\n|\r/);
        expect(lines.pop()).toBe('');
        expect(lines.every((line) => line.startsWith('data: '))).toBe(true);
        expect(lines.map((line) => line.slice(6)).join('\n')).toBe(data.replaceAll(/\r\n?/g, '\n'));
      }),
    );
  });

  it.each(['\r', '\n', '\0', '\r\n'])('is not written when its name or id has %j', (found) => {
    expect(() => eventLines(`a${found}b`, '1')).toThrow(TypeError);
    expect(() => idLine(`a${found}b`)).toThrow(TypeError);
  });

  it('whose name may be published is always written: names that break a line are no names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (type) => {
        if (/[\r\n\0]/.test(type)) expect(eventNameError(type)).toBeDefined();
        if (eventNameError(type) !== undefined) return;
        const form = new EventForm({ type, channel: 'a', data: { type }, timestamp: 1 });
        const name = type === 'message' ? '' : `event: ${type}\n`;
        expect(form.lines.toString()).toBe(`${name}data: ${JSON.stringify({ type })}\n`);
      }),
      { numRuns: 2000 },
    );
  });
});
