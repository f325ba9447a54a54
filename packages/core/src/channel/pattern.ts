/** A channel pattern such as `chat:{room}`, ready to match names. */
export interface Pattern {
  readonly source: string;
  /** The pattern with its parameter names left out: two patterns of one shape fit the same names. */
  readonly shape: string;
  /** More literal characters first, rest parameters last: the most specific pattern has the smallest rank. */
  readonly rank: readonly [rest: number, literal: number, params: number];
  /** The parameters of a name that fits, or `undefined`. */
  match(name: string): Readonly<Record<string, string>> | undefined;
}

const part = /\{([^{}]*)\}/g;
const paramName = /^[A-Za-z_][A-Za-z0-9_]*\*?$/;

/**
 * Compiles a pattern. `{name}` takes one or more characters other than `:`; `{name*}`, at the end only, takes all the rest.
 * @throws Error saying what is wrong with the pattern.
 */
export function compilePattern(source: string): Pattern {
  const names: string[] = [];
  let expression = '';
  let literal = 0;
  let end = 0;
  for (const found of source.matchAll(part)) {
    const text = source.slice(end, found.index);
    if (text === '' && end > 0) throw patternError(source, 'two parameters need a literal between them');
    const name = found[1] ?? '';
    if (!paramName.test(name)) throw patternError(source, `"{${name}}" is not a parameter name`);
    const rest = name.endsWith('*');
    end = found.index + found[0].length;
    if (rest && end !== source.length)
      throw patternError(source, `"{${name}}" takes the rest, so it must come last`);
    names.push(rest ? name.slice(0, -1) : name);
    literal += text.length;
    expression += `${escape(text)}${rest ? '(.+)' : '([^:]+)'}`;
  }
  const tail = source.slice(end);
  if (/[{}]/.test(source.replace(part, ''))) throw patternError(source, 'a brace is not closed');
  if (new Set(names).size !== names.length) throw patternError(source, 'a parameter name is used twice');
  const matcher = new RegExp(`^${expression}${escape(tail)}$`, 'su');
  return {
    source,
    shape: source.replace(part, (_, name: string) => (name.endsWith('*') ? '{*}' : '{}')),
    rank: [source.endsWith('*}') ? 1 : 0, -(literal + tail.length), names.length],
    match: (name) => paramsOf(matcher.exec(name), names),
  };
}

/** Sorts the most specific pattern first. */
export function comparePatterns(a: Pattern, b: Pattern): number {
  return (
    a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2] || (a.source < b.source ? -1 : 1)
  );
}

function paramsOf(
  found: RegExpExecArray | null,
  names: readonly string[],
): Record<string, string> | undefined {
  if (found === null) return undefined;
  // Parameter names come from the application, values from the wire: only the names may become keys.
  return Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? '']));
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function patternError(source: string, problem: string): Error {
  return new Error(`channel pattern "${source}": ${problem}`);
}
