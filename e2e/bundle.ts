import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { build } from 'vite';

/** A module of this folder with all it imports, as one script for a browser. */
export async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { conditions: ['thrum:source', 'browser', 'module', 'import'] },
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(new URL(entry, import.meta.url)), formats: ['es'] },
    },
  });
  const [output] = [result].flat();
  if (output === undefined || !('output' in output)) throw new Error(`${entry} was watched, not built`);
  return output.output[0].code;
}

/**
 * Serves a page with that script under `<origin>/page`, to this context, from here: it is there when the server behind the
 * origin is not, as an installed application is.
 */
export async function serve(context: BrowserContext, origin: string, script: string): Promise<string> {
  await context.route(`${origin}/page`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><script type="module" src="page.js"></script>',
    }),
  );
  await context.route(`${origin}/page.js`, (route) =>
    route.fulfill({ contentType: 'text/javascript', body: script }),
  );
  return `${origin}/page`;
}
