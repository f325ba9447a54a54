import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, tool } from './run.ts';

const consoleRoot = join(root, 'packages/console');
const built = join(consoleRoot, 'dist/index.html');

const sources = [
  'packages/console/src',
  'packages/console/public',
  'packages/console/index.html',
  'packages/console/package.json',
  'packages/console/vite.config.ts',
  'packages/client/src',
  'packages/protocol/src',
  'packages/typing/src',
  'package-lock.json',
];

/** Folders count too: removing a file changes nothing but its folder's time. */
function newest(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || path.endsWith('.test.ts')) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((entry) => newest(join(path, entry))));
}

function isFresh(): boolean {
  if (!existsSync(built)) return false;
  const builtAt = statSync(built).mtimeMs;
  return sources.every((source) => newest(join(root, source)) <= builtAt);
}

/** Builds the console when it is missing or older than what it is made of. Throws with vite's output. */
export async function ensureConsole(): Promise<void> {
  if (isFresh()) return;
  process.stderr.write('Building the console …\n');
  await buildConsole();
}

export async function buildConsole(): Promise<void> {
  const { code, output } = await tool('vite', ['build', '--logLevel', 'warn'], { cwd: consoleRoot });
  if (code !== 0) throw new Error(`The console does not build:\n${output}`);
}
