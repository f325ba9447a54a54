import { accessSync, constants } from 'node:fs';
import { installPackage } from './debian.ts';

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
  if ('path' in found || process.env['THRUM_CHROMIUM']) return found;
  const installed = await installPackage('chromium');
  return typeof installed === 'string' ? { missing: installed } : findChromium();
}
