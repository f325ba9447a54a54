import { existsSync } from 'node:fs';
import { run } from './run.ts';

// Two steps may ask at once, and dpkg lets one in.
let last: Promise<unknown> = Promise.resolve();

/**
 * Installs a package on a Debian where this user may. True when it was installed, else why it was not; undefined where
 * this is no Debian, or would ask for a password.
 */
export function installPackage(name: string): Promise<true | string | undefined> {
  const installed = last.then(() => install(name));
  last = installed;
  return installed;
}

async function install(name: string): Promise<true | string | undefined> {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  const prefix = await privileges();
  if (prefix === undefined) return undefined;
  process.stderr.write(`Installing ${name} with apt-get …\n`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', name]]) {
    const command = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    const { code, output } = await run(command[0]!, command.slice(1));
    if (code !== 0) return `\`${command.join(' ')}\` failed with code ${code}:\n${output}`;
  }
  return true;
}

/** What to put before a command to run it as root, or undefined where that would ask for a password. */
async function privileges(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const { code } = await run('sudo', ['-n', 'true']);
  return code === 0 ? ['sudo', '-n'] : undefined;
}
