import { accessSync, constants, existsSync } from 'node:fs';
import { run } from './run.ts';

const debianPath = '/usr/bin/chromium';

export type Chromium = { readonly path: string } | { readonly missing: string };

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where the browser tests find Chromium: THRUM_CHROMIUM, else Debian's. */
export function findChromium(): Chromium {
  const override = process.env['THRUM_CHROMIUM'];
  if (override !== undefined && override !== '') {
    return isExecutable(override)
      ? { path: override }
      : { missing: `THRUM_CHROMIUM is ${override}, which is not an executable file.` };
  }
  if (isExecutable(debianPath)) return { path: debianPath };
  return {
    missing:
      `Chromium is missing: expected ${debianPath}. Install it with \`apt-get install chromium\`, ` +
      'or set THRUM_CHROMIUM to the path of a Chromium or Chrome.',
  };
}

/** Finds Chromium and, on a Debian where this user may, installs it first. */
export async function ensureChromium(): Promise<Chromium> {
  const found = findChromium();
  if ('path' in found || process.env['THRUM_CHROMIUM'] || !existsSync('/usr/bin/apt-get')) return found;
  const prefix = await privileges();
  if (prefix === undefined) return found;
  process.stderr.write('Installing chromium with apt-get …\n');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const command = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    const { code, output } = await run(command[0]!, command.slice(1));
    if (code !== 0) return { missing: `\`${command.join(' ')}\` failed with code ${code}:\n${output}` };
  }
  return findChromium();
}

/** What to put before a command to run it as root, or undefined where that would ask for a password. */
async function privileges(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const { code } = await run('sudo', ['-n', 'true']);
  return code === 0 ? ['sudo', '-n'] : undefined;
}
