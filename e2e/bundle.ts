import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { build } from 'vite';

/** Scripts by file name; the entry is `page.js`, and what it loads on demand lies beside it. */
export type Scripts = ReadonlyMap<string, string>;

/** A script of this folder, or of a package, with all that it imports, as an application's bundler makes it. */
export async function bundle(entry: string): Promise<Scripts> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    // React reads it, and there is no `process` in a page.
    define: { 'process.env.NODE_ENV': '"development"' },
    resolve: { conditions: ['thrum:source', 'browser', 'module', 'import'] },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      // That `use client` means nothing here is as it should be: the whole page is the client.
      rolldownOptions: {
        onLog: (level, log, pass) => {
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') pass(level, log);
        },
      },
      lib: {
        entry: fileURLToPath(new URL(entry, import.meta.url)),
        formats: ['es'],
        fileName: () => 'page.js',
      },
    },
  });
  const [output] = [result].flat();
  if (output === undefined || !('output' in output)) throw new Error(`${entry} was watched, not built`);
  return new Map(
    output.output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code] as const] : [])),
  );
}

/**
 * Serves a page with these scripts under `<origin>/page`, to this context, from here: it is there when the server behind the
 * origin is not, as an installed application is.
 */
export async function serve(context: BrowserContext, origin: string, scripts: Scripts): Promise<string> {
  await context.route(`${origin}/page`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><script type="module" src="page.js"></script>',
    }),
  );
  for (const [name, body] of scripts) {
    await context.route(`${origin}/${name}`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body }),
    );
  }
  return `${origin}/page`;
}
