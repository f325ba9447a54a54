import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../shim/shim.c', import.meta.url));

/** @throws Error that says what is missing. */
export function buildShim(folder: string): string {
  if (process.platform !== 'linux')
    throw new Error(`the shim needs Linux (LD_PRELOAD, /proc), this is ${process.platform}`);
  const compiler = process.env['CC'] ?? 'cc';
  const library = join(folder, 'shim.so');
  const options = ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'];
  const { error, status, stderr } = spawnSync(compiler, options, { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(
      `the shim needs a C compiler: ${compiler} could not be run (${error.message}); install one (Debian: gcc, libc6-dev), or name it with CC`,
    );
  if (status !== 0) throw new Error(`the shim does not compile with ${compiler}:\n${stderr}`);
  return library;
}
