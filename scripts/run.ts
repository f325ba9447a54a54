import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** How many checks passed and failed, and what there is to read about it. */
export interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
  /** What has to be said though nothing failed: a test that did not run proves nothing. */
  readonly notes?: readonly string[];
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds until the whole process group is killed. Default: 10 minutes, so that a hang is a failure. */
  readonly timeout?: number;
}

/** What ends with this process; many commands may run at once. */
const running = new Set<() => void>();
process.once('exit', () => running.forEach((kill) => kill()));

/** Runs a command to its end and returns what it printed. Never throws: a command that cannot start is code 127. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd = root, env = process.env, timeout = 600_000 } = options;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const finish = (code: number, note = ''): void => {
      clearTimeout(timer);
      running.delete(killGroup);
      resolve({ code, output: Buffer.concat(chunks).toString() + note });
    };
    // The group, not the child: vitest, browsers and servers are grandchildren.
    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is already gone.
      }
    };
    const timer = setTimeout(() => {
      chunks.push(Buffer.from(`\nkilled: still running after ${timeout / 1000} s\n`));
      killGroup();
    }, timeout);
    running.add(killGroup);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', (error) => finish(127, `${command}: ${error.message}\n`));
    child.once('close', (code) => finish(code ?? 1));
  });
}

/** The script behind an installed package's command, to be run by this very Node and not by the one in PATH. */
export function bin(packageName: string, command: string = packageName): string {
  const manifest = join(root, 'node_modules', packageName, 'package.json');
  if (!existsSync(manifest))
    throw new Error(`${packageName} is not installed: run \`npm install\` in ${root}`);
  const declared: unknown = JSON.parse(readFileSync(manifest, 'utf8')).bin;
  const path = typeof declared === 'string' ? declared : (declared as Record<string, string>)[command];
  if (path === undefined) throw new Error(`${packageName} has no command named ${command}`);
  return join(dirname(manifest), path);
}

/** Runs an installed tool with this Node. */
export function tool(packageName: string, args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return run(process.execPath, [bin(packageName, commands[packageName]), ...args], options);
}

// Packages whose command has another name.
const commands: Record<string, string> = {
  '@typescript/native': 'tsc',
  '@arethetypeswrong/cli': 'attw',
  'dependency-cruiser': 'depcruise',
};
