import { z } from 'zod';
import type { Mode } from './config.ts';

/** One option: everything that file, environment, flags, help and documentation need to know of it. */
export interface Option<T = unknown> {
  readonly schema: z.ZodType<T>;
  /** What its schema accepts, as the end of "expected …". */
  readonly expected: string;
  /** Turns the text of a variable or flag into what `schema` checks. */
  readonly fromText: (text: string) => unknown;
  /** One line for help and documentation. */
  readonly help: string;
  readonly unit?: string;
  readonly default?: T | ((mode: Mode) => T);
  /** Words for a default that is not a value: what happens without the option. */
  readonly otherwise?: string;
  /** Kept out of flags, which every user of the machine can see, and out of everything that is printed. */
  readonly secret?: boolean;
  /** Where it is not the key in other spelling: `max-connections` for THRUM_MAX_CONNECTIONS and --max-connections. */
  readonly name?: string;
  /** Given as `--x` and `--no-x`. */
  readonly boolean?: boolean;
}

type About<T> = Omit<Option<T>, 'schema' | 'expected' | 'fromText' | 'boolean'>;

export function integer(min: number, max: number, about: About<number>): Option<number> {
  return {
    ...about,
    schema: z.int().min(min).max(max),
    expected: `a whole number from ${min} to ${max}`,
    fromText: numberFromText,
  };
}

export function seconds(min: number, max: number, about: About<number>): Option<number> {
  return {
    ...about,
    schema: z.number().min(min).max(max),
    expected: `seconds from ${min} to ${max}`,
    fromText: numberFromText,
  };
}

export function yesOrNo(about: About<boolean>): Option<boolean> {
  return {
    ...about,
    boolean: true,
    schema: z.boolean(),
    expected: 'true or false',
    fromText: (text) => booleans.get(text.trim().toLowerCase()) ?? text,
  };
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
]);

export function oneOf<const T extends string>(values: readonly T[], about: About<T>): Option<T> {
  return {
    ...about,
    schema: z.enum(values) as unknown as z.ZodType<T>,
    expected: `one of ${values.join(', ')}`,
    fromText: (text) => text.trim(),
  };
}

/** Text that `problem` finds nothing wrong with. */
export function text(
  expected: string,
  isGood: (value: string) => boolean,
  about: About<string>,
): Option<string> {
  return {
    ...about,
    schema: z.string().refine((value) => value.trim() !== '' && isGood(value)),
    expected,
    // A secret may begin or end with a space; elsewhere it is a slip.
    fromText: about.secret === true ? (value) => value : (value) => value.trim(),
  };
}

/** Several texts: an array or one string in a file, separated by commas or spaces elsewhere. */
export function texts(
  expected: string,
  isGood: (value: string) => boolean,
  about: About<readonly string[]>,
): Option<readonly string[]> {
  const one = z.string().refine((value) => value.trim() !== '' && isGood(value));
  return {
    ...about,
    schema: z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(one)),
    expected,
    fromText: (value) => value.split(/[\s,]+/).filter((part) => part !== ''),
  };
}

function numberFromText(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

/** `messageBytes` → `message-bytes`. */
export function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function defaultOf<T>(option: Option<T>, mode: Mode): T | undefined {
  return typeof option.default === 'function' ? (option.default as (mode: Mode) => T)(mode) : option.default;
}

/** An option's default in words: both where the modes differ. */
export function describeDefault(option: Option): string {
  if (option.otherwise !== undefined) return option.otherwise;
  const [development, production] = (['development', 'production'] as const).map((mode) =>
    show(option, defaultOf(option, mode)),
  );
  return development === production
    ? String(development)
    : `${development} in development, ${production} in production`;
}

/** How a value is shown to people: short, on one line, and never a secret. */
export function show(option: Option, value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (value === undefined) return option.otherwise ?? 'none';
  if (option.secret === true) return masked(value);
  const shown = typeof value === 'string' ? withoutCredentials(value) : value;
  const json = JSON.stringify(shown) ?? typeof shown;
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}

function masked(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters (hidden)`;
  if (Array.isArray(value)) return `${value.length} values (hidden)`;
  return `${value === null ? 'null' : typeof value} (hidden)`;
}

function withoutCredentials(value: string): string {
  return value.replace(/\/\/[^/@\s]*@/, '//…@');
}
