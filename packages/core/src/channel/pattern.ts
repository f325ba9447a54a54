/** A channel pattern such as `chat:{room}`, ready to match names. */
export interface Pattern {
  readonly source: string;
  readonly names: readonly string[];
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
  const literals: string[] = [];
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
    literals.push(text);
  }
  literals.push(source.slice(end));
  if (/[{}]/.test(source.replace(part, ''))) throw patternError(source, 'a brace is not closed');
  if (new Set(names).size !== names.length) throw patternError(source, 'a parameter name is used twice');
  const takesRest = source.endsWith('*}');
  return {
    source,
    names,
    shape: source.replace(part, (_, name: string) => (name.endsWith('*') ? '{*}' : '{}')),
    rank: [takesRest ? 1 : 0, -literals.join('').length, names.length],
    match: (name) => paramsOf(valuesOf(name, literals, takesRest), names),
  };
}

/** A channel name made of a template such as `dead:{room}`; a part without a value stays as it is. */
export function renderTemplate(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(part, (whole, name: string) => {
    const key = name.endsWith('*') ? name.slice(0, -1) : name;
    return Object.hasOwn(params, key) ? (params[key] ?? whole) : whole;
  });
}

/** Sorts the most specific pattern first. */
export function comparePatterns(a: Pattern, b: Pattern): number {
  return (
    a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2] || (a.source < b.source ? -1 : 1)
  );
}

/**
 * What stands between the literals, each parameter as short as can be. No regular expression: with several parameters a
 * hostile name would make one try every way to cut it. The first place where a literal occurs is enough: a parameter
 * that reached beyond it would hold a `:`, or could as well end there.
 */
function valuesOf(name: string, literals: readonly string[], takesRest: boolean): string[] | undefined {
  const [head = '', ...others] = literals;
  if (!name.startsWith(head)) return undefined;
  const values: string[] = [];
  let at = head.length;
  for (const [index, text] of others.entries()) {
    const isLast = index === others.length - 1;
    const to = isLast ? name.length - text.length : name.indexOf(text, at + 1);
    if (to <= at || !name.startsWith(text, to)) return undefined;
    const value = name.slice(at, to);
    if (value.includes(':') && !(isLast && takesRest)) return undefined;
    values.push(value);
    at = to + text.length;
  }
  return at === name.length ? values : undefined;
}

function paramsOf(
  values: readonly string[] | undefined,
  names: readonly string[],
): Record<string, string> | undefined {
  // Parameter names come from the application, values from the wire: only the names may become keys.
  return values && Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

function patternError(source: string, problem: string): Error {
  return new Error(`channel pattern "${source}": ${problem}`);
}
