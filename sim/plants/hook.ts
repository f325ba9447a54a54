import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { Plant } from './plant.ts';

const root = resolve(import.meta.dirname, '../..');

/**
 * Changes one source file as this process loads it; the file itself stays as it is. Has to come before the first import
 * of what is changed. Returns whether the file was loaded.
 */
export function plantBug({ name, file, find, replace }: Plant): () => boolean {
  const target = pathToFileURL(resolve(root, file)).href;
  let isPlanted = false;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (url !== target || loaded.source == null) return loaded;
      const text =
        typeof loaded.source === 'string'
          ? loaded.source
          : Buffer.from(loaded.source as Uint8Array).toString();
      const times = text.split(find).length - 1;
      if (times !== 1)
        throw new Error(`plant "${name}": its text is in ${file} ${times} times, expected once`);
      isPlanted = true;
      return { ...loaded, source: text.replace(find, () => replace) };
    },
  });
  return () => isPlanted;
}
