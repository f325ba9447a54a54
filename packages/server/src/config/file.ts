import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Problem } from './config.ts';
import { isRecord } from '../values.ts';

/** A configuration file's fields. */
export interface ConfigFile {
  readonly path: string;
  /** How it is called in messages. */
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface FileResult {
  readonly file?: ConfigFile;
  readonly problems: readonly Problem[];
}

/** What is looked for in the working directory. */
const fileNames: readonly string[] = [
  'thrum.config.ts',
  'thrum.config.mts',
  'thrum.config.js',
  'thrum.config.mjs',
  'thrum.config.json',
];

/**
 * Reads the file at `wanted`, or the one `thrum.config.*` in `folder`. TypeScript runs through Node's type stripping, so
 * only erasable syntax works. Never rejects: what is wrong with the file is a problem like any other.
 */
export async function readConfigFile(folder: string, wanted?: string): Promise<FileResult> {
  const found = wanted === undefined ? fileNames.filter((name) => existsSync(join(folder, name))) : [wanted];
  const [first] = found;
  if (first === undefined) return { problems: [] };
  if (found.length > 1) {
    return {
      problems: [{ place: found.join(', '), message: 'expected one configuration file, got several' }],
    };
  }
  const path = resolve(folder, first);
  const name = wanted === undefined ? basename(path) : wanted;
  if (!existsSync(path)) {
    return {
      problems: [{ place: name, message: `expected a configuration file, but there is none at ${path}` }],
    };
  }
  try {
    const fields = fieldsOf(extname(path) === '.json' ? await readJson(path) : await readModule(path));
    if (fields === undefined) {
      const expected = 'expected an object of options as the default export, or options as named exports';
      return { problems: [{ place: name, message: expected }] };
    }
    return { file: { path, name, fields }, problems: [] };
  } catch (error) {
    return { problems: [{ place: name, message: `cannot be read: ${describe(error)}` }] };
  }
}

/** The folder that a file's relative paths start from. */
export function folderOf(file: ConfigFile): string {
  return dirname(file.path);
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

async function readModule(path: string): Promise<unknown> {
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  if (Object.hasOwn(module, 'default')) return module['default'];
  return Object.keys(module).length === 0 ? undefined : { ...module };
}

/** The fields of an exported object; those of `createThrum({…})` when that was exported. */
function fieldsOf(exported: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(exported)) return undefined;
  const definition = exported['definition'];
  return isRecord(definition) ? definition : exported;
}

function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // The rest of a syntax error is the source around it.
  return text.split('\n')[0] ?? text;
}
