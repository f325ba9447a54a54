import { resolve } from 'node:path';
import { nearest } from '@thrum/core';
import type { Given, Mode, Problem, Setting } from './config.ts';
import { definitionFields } from './definition.ts';
import { type ConfigFile, folderOf } from './file.ts';
import { defaultOf, type Option, show } from './option.ts';
import { allOptions, flagOf, optionGroups } from './options.ts';

export interface SettingsResult {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly problems: readonly Problem[];
}

/** What a file says, by option key; a field that nobody knows is a problem. */
export function readFields(file: ConfigFile | undefined): {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
} {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  if (file === undefined) return { given, problems };
  const base = folderOf(file);
  const groups = Object.keys(optionGroups);
  const flat = Object.entries(file.fields).flatMap(([name, value]) => {
    if (!groups.includes(name) || value === undefined) return [[name, value] as const];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.entries(value).map(([key, member]) => [`${name}.${key}`, member as unknown] as const);
    }
    problems.push({ place: `${file.name}:${name}`, message: `expected an object of ${name}` });
    return [];
  });
  const known = [...allOptions.keys(), ...definitionFields, ...groups];
  for (const [key, raw] of flat) {
    if (raw === undefined || definitionFields.includes(key)) continue;
    const place = `${file.name}:${key}`;
    if (allOptions.has(key)) given.set(key, { kind: 'file', place, base, raw });
    else {
      const meant = nearest(key, known);
      problems.push({
        place,
        message: `is no option of Thrum${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      });
    }
  }
  return { given, problems };
}

/** What flags say. `values` is keyed as commander keys them: `maxConnections` for `--max-connections`. */
export function readFlags(
  values: Readonly<Record<string, unknown>>,
  base: string,
): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  for (const [key, option] of allOptions) {
    const flag = flagOf(key, option);
    if (flag === undefined) continue;
    const raw = values[flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    if (raw === undefined) continue;
    const place = raw === false && option.boolean === true ? `--no-${flag.slice(2)}` : flag;
    given.set(key, { kind: 'flag', place, base, raw });
  }
  return given;
}

/** Options that are paths: relative ones start where they were written. */
const paths: ReadonlySet<string> = new Set(['dataDir', 'tlsCert', 'tlsKey']);

function resolved(setting: Setting): Setting {
  const { value, given } = setting;
  return typeof value === 'string' ? { ...setting, value: resolve(given.base, value) } : setting;
}

/** Decides each option by the first source that gives it, and checks it; a bad value counts as its default. */
export function decideSettings(sources: readonly ReadonlyMap<string, Given>[], base: string): SettingsResult {
  const problems: Problem[] = [];
  const settings = new Map<string, Setting>();
  let mode: Mode = 'development';
  // The mode comes first in the table: the defaults after it depend on it.
  for (const [key, option] of allOptions) {
    const given = sources.map((source) => source.get(key)).find((found) => found !== undefined);
    const fallback = {
      value: defaultOf(option, mode),
      given: { kind: 'default', place: 'default', base, raw: undefined },
    } as const;
    const checked = given === undefined ? fallback : check(option, given);
    if ('message' in checked) problems.push(checked);
    const setting = 'message' in checked ? { ...fallback, given: given ?? fallback.given } : checked;
    settings.set(key, paths.has(key) ? resolved(setting) : setting);
    if (key === 'mode') mode = setting.value as Mode;
  }
  return { settings, problems };
}

function check(option: Option, given: Given): Setting | Problem {
  const isText = typeof given.raw === 'string' && given.kind !== 'file';
  const value = isText ? option.fromText(given.raw as string) : given.raw;
  const result = option.schema.safeParse(value);
  if (result.success) return { value: result.data, given };
  // For a list: which of its values.
  const path = result.error.issues[0]?.path ?? [];
  const wrong = path.reduce((at: unknown, step) => (at as Record<PropertyKey, unknown>)?.[step], value);
  const index = typeof path[0] === 'number' && Array.isArray(value) && value.length > 1 ? `[${path[0]}]` : '';
  return {
    place: `${given.place}${index}`,
    message: `expected ${option.expected}, got ${show(option, wrong ?? null)}`,
  };
}
