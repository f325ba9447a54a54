import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { JWK } from 'jose';
import { publicKeys } from '../auth/keys.ts';
import type { Config, Problem, Setting } from './config.ts';
import { type Definition, readDefinition } from './definition.ts';
import { readEnvironment } from './environment.ts';
import { type ConfigFile, readConfigFile } from './file.ts';
import { limitOptions } from './limit-options.ts';
import { eventOptions, options } from './options.ts';
import { checkRules } from './rules.ts';
import { decideSettings, readFields, readFlags } from './settings.ts';

export interface Sources {
  /** Values of flags as commander hands them over. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A configuration, good or not: `problems` is empty when a server may start with it. */
export interface Loaded {
  readonly config: Config;
  readonly definition: Definition;
  readonly file: ConfigFile | undefined;
  readonly settings: ReadonlyMap<string, Setting>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Every problem of a configuration in one error. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ place, message }) => `  ${place}: ${message}`);
    super(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${lines.join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads flags, environment and file, in this order of precedence, over the defaults. Never rejects. */
export async function loadConfig({ flags = {}, env, cwd }: Sources): Promise<Loaded> {
  const flag = flags['config'];
  const { file, problems: unreadable } = await readConfigFile(
    cwd,
    typeof flag === 'string' ? flag : env['THRUM_CONFIG'] || undefined,
  );
  const environment = readEnvironment(env, cwd);
  const fields = readFields(file);
  const { definition, problems: misshapen } = readDefinition(file);
  const given = readFlags(modeFlag(flags), cwd);
  const { settings, problems: invalid } = decideSettings([given, environment.given, fields.given], cwd);
  const keys = await readPublicKeys(settings.get('jwtPublicKey'));
  const config = assemble(settings, keys.keys);
  const verdict = await checkRules({ config, definition, settings });
  return {
    config,
    definition,
    file,
    settings,
    problems: [
      ...unreadable,
      ...environment.problems,
      ...fields.problems,
      ...misshapen,
      ...invalid,
      ...keys.problems,
      ...unless(invalid, verdict.problems),
    ],
    warnings: [...environment.warnings, ...verdict.warnings],
  };
}

/** The configuration, if a server may start with it. @throws ConfigError with all that is wrong. */
export async function requireConfig(sources: Sources): Promise<Loaded> {
  const loaded = await loadConfig(sources);
  if (loaded.problems.length > 0) throw new ConfigError(loaded.problems);
  return loaded;
}

/** `--production` is short for `--mode production`. */
function modeFlag(flags: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return flags['production'] === true ? { ...flags, mode: 'production' } : flags;
}

/** A value that was refused by itself was replaced by its default; what the rules say of that is noise. */
function unless(invalid: readonly Problem[], rules: readonly Problem[]): readonly Problem[] {
  const places = new Set(invalid.map(({ place }) => place.replace(/\[\d+\]$/, '')));
  return rules.filter(({ place }) => !places.has(place));
}

/** The one place where checked values become the typed whole; the tables' types guarantee each field. */
function assemble(settings: ReadonlyMap<string, Setting>, jwtPublicKey: readonly (string | JWK)[]): Config {
  const value = (key: string): unknown => settings.get(key)?.value;
  const all = (table: object, prefix = ''): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.keys(table).map((key) => [key, value(prefix + key)]));
  const events = all(eventOptions, 'events.');
  const limits = all(limitOptions, 'limits.');
  return { ...all(options), jwtPublicKey, events, limits } as unknown as Config;
}

async function readPublicKeys(setting: Setting | undefined): Promise<{
  readonly keys: readonly (string | JWK)[];
  readonly problems: readonly Problem[];
}> {
  const keys: (string | JWK)[] = [];
  const problems: Problem[] = [];
  for (const input of (setting?.value ?? []) as readonly (string | JWK)[]) {
    const { base, place } = setting?.given ?? { base: '.', place: 'jwtPublicKey' };
    try {
      const key = typeof input === 'string' ? await readKeyText(input, base) : input;
      publicKeys(key);
      keys.push(key);
    } catch (error) {
      problems.push({ place, message: (error as Error).message });
    }
  }
  return { keys, problems };
}

async function readKeyText(input: string, base: string): Promise<string> {
  if (/-----BEGIN|^\s*\{/.test(input)) return input;
  const path = resolve(base, input);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`expected a path, or a public key in PEM or JWK form; ${path} cannot be read (${code})`, {
      cause: error,
    });
  }
}
