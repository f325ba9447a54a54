import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  readonly cwd?: string;
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** What to run it with: `['strace', '-f']`. */
  readonly wrapper?: readonly string[];
  /** Whether standard error is for the caller; else it goes where this process's goes. Default false. */
  readonly stderr?: boolean;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable | null>;

const mortal = new URL(import.meta.url.endsWith('.ts') ? './mortal.ts' : './mortal.js', import.meta.url).href;

// Halves what a process costs: most of it is stripping types again and again.
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/thrum-compiled', import.meta.url));

/**
 * Starts this very Node on the sources. The process ends with the one that started it, however that ends: no test, and no
 * runner that is killed, leaves one behind.
 */
export function spawnNode(args: readonly string[], options: ChildOptions = {}): Child {
  const { wrapper = [], cwd, env = process.env, stderr = false } = options;
  const command = [...wrapper, process.execPath, '--conditions=thrum:source', '--import', mortal, ...args];
  const child = spawn(command[0] as string, command.slice(1), {
    ...(cwd === undefined ? {} : { cwd }),
    env: { NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ['pipe', 'pipe', stderr ? 'pipe' : 'inherit'],
  });
  return child as Child;
}
