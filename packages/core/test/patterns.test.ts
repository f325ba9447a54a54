import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePatterns, compilePattern } from '../src/channel/pattern.ts';
import { check } from './support/random.ts';

type Piece = { readonly text: string } | { readonly param: string };

const literal = fc
  .array(
    fc.constantFrom('a', 'b', ':', '-', '.', '*', '(', '/', '^', '$', '|', '\\', '+', '?', ' ', 'é', '😀'),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((chars) => chars.join(''));

/** Patterns as lists of pieces: literals and parameters in turn, so that every one is valid. */
const pieces: fc.Arbitrary<readonly Piece[]> = fc
  .tuple(fc.boolean(), fc.array(literal, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([first, texts, last]) =>
    texts.flatMap((text, index): Piece[] => [
      ...(index > 0 || first ? [{ param: `p${index}` }] : []),
      { text },
      ...(index === texts.length - 1 && last ? [{ param: 'tail' }] : []),
    ]),
  );

const name = fc
  .array(fc.oneof(literal, fc.constantFrom('a', 'b', ':')), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

function sourceOf(list: readonly Piece[]): string {
  return list.map((piece) => ('text' in piece ? piece.text : `{${piece.param}}`)).join('');
}

/** Tries every way to cut the name; a parameter is one or more characters other than `:`. */
function fits(list: readonly Piece[], text: string): boolean {
  const [piece, ...rest] = list;
  if (piece === undefined) return text === '';
  if ('text' in piece) return text.startsWith(piece.text) && fits(rest, text.slice(piece.text.length));
  const chars = [...text];
  for (let taken = 1; taken <= chars.length; taken += 1) {
    const value = chars.slice(0, taken).join('');
    if (value.includes(':')) return false;
    if (fits(rest, text.slice(value.length))) return true;
  }
  return false;
}

describe('a channel pattern', () => {
  it('fits exactly the names that a naive search finds, whatever characters it is made of', () => {
    check(fc.tuple(pieces, name), ([list, text]) => {
      const params = compilePattern(sourceOf(list)).match(text);
      expect(params !== undefined).toBe(fits(list, text));
    });
  });

  it('finds parameters that put together give the name again', () => {
    const filled = fc.stringMatching(/^[a-z0-9]{1,5}$/);
    check(fc.tuple(pieces, fc.array(filled, { minLength: 4, maxLength: 4 })), ([list, values]) => {
      let next = 0;
      const text = list.map((piece) => ('text' in piece ? piece.text : values[next++])).join('');
      const params = compilePattern(sourceOf(list)).match(text);
      expect(params).toBeDefined();
      const again = list.map((piece) => ('text' in piece ? piece.text : params?.[piece.param])).join('');
      expect(again).toBe(text);
    });
  });

  it('takes the rest of a name, separators included, with {name*}', () => {
    const { match } = compilePattern('files:{path*}');
    expect(match('files:a:b:c')).toEqual({ path: 'a:b:c' });
    expect(match('files:')).toBeUndefined();
    expect(match('file:a')).toBeUndefined();
  });

  it('keeps a parameter named __proto__ or constructor as a plain key', () => {
    const params = compilePattern('x:{__proto__}:{constructor}').match('x:1:2');
    expect(Object.entries(params ?? {})).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype);
  });

  it.each([
    ['{a}{b}', 'two parameters need a literal between them'],
    ['x:{}', '"{}" is not a parameter name'],
    ['x:{1}', '"{1}" is not a parameter name'],
    ['x:{a b}', '"{a b}" is not a parameter name'],
    ['x:{a*}:y', 'must come last'],
    ['x:{a', 'a brace is not closed'],
    ['x}:a', 'a brace is not closed'],
    ['x:{a}:{a}', 'a parameter name is used twice'],
  ])('%s is refused, with the pattern and the reason', (source, reason) => {
    expect(() => compilePattern(source)).toThrow(`channel pattern "${source}": `);
    expect(() => compilePattern(source)).toThrow(reason);
  });

  it('answers a hostile name in the time of a friendly one', () => {
    const { match } = compilePattern('{a}-{b}-{c}-{d}:end');
    const started = performance.now();
    for (let i = 0; i < 20; i += 1) match('-'.repeat(255));
    // Generous: what is looked for is a factor of thousands.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('the order of patterns', () => {
  const order = (...sources: string[]) =>
    sources
      .map(compilePattern)
      .sort(comparePatterns)
      .map(({ source }) => source);

  it('puts the most specific first', () => {
    expect(order('{any*}', 'chat:{room}', 'chat:{a}:{b}', 'chat:lobby', '{x}:lobby', 'chat:{r*}')).toEqual([
      'chat:lobby',
      '{x}:lobby',
      'chat:{a}:{b}',
      'chat:{room}',
      'chat:{r*}',
      '{any*}',
    ]);
  });

  it('is the same for every order of declaration', () => {
    const sources = ['a:{x}', 'a:{x}:c', '{y}:b', 'a:b', '{z*}', 'a:{x*}', '{p}-{q}'];
    check(fc.shuffledSubarray(sources, { minLength: sources.length }), (shuffled) => {
      expect(order(...shuffled)).toEqual(order(...sources));
    });
  });
});
