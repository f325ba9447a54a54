import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Log } from '@thrum/core';
import { loadStaticFiles, type StaticFiles } from './http/static.ts';

/** The published package carries the built console; a checkout has it where it was built. */
const places = ['./console/', '../../console/dist/'];

/** The playground's files; absent when it is off, or nobody has built it. */
export async function loadPlayground(
  playground: boolean | string,
  log: Log,
): Promise<StaticFiles | undefined> {
  if (playground === false) return undefined;
  if (typeof playground === 'string') return loadStaticFiles(playground);
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const folder = folders.find((path) => existsSync(`${path}index.html`));
  if (folder !== undefined) return loadStaticFiles(folder);
  log.warn('the playground is not built: run `npm run build`');
  return undefined;
}
