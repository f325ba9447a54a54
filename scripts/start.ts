import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureConsole } from './console.ts';
import { root } from './run.ts';

try {
  await ensureConsole();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

const main = join(root, 'packages/server/src/cli/main.ts');
const args = ['--conditions=thrum:source', main, 'start', ...process.argv.slice(2)];

if (process.platform === 'win32') {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  child.once('exit', (code) => process.exit(code ?? 1));
} else {
  // Replacing this process leaves nobody in between who could swallow a signal or an exit code.
  process.execve!(process.execPath, [process.execPath, ...args], process.env);
}
