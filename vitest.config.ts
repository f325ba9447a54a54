import { defineConfig } from 'vitest/config';

const conditions = ['thrum:source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Tests wait for facts, and what waits says after 40 s what did not come (testkit's deadline); this is for what hangs.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 40_000 } },
    // A process and its modules serve one file after the other: loading them anew for each took longer than most tests. So a
    // support module must not register hooks, nor a test leave a global behind; spies and stubs are taken back here.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.{ts,tsx}',
            'packages/*/test/**/*.test.{ts,tsx}',
            'bench/test/**/*.test.ts',
            'sim/test/**/*.test.ts',
            'chaos/test/**/*.test.ts',
          ],
          exclude: ['packages/conformance/test/**'],
        },
      },
      {
        extends: true,
        test: { name: 'wire', include: ['packages/conformance/test/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['e2e/**/*.test.ts'],
          // Several browsers on two cores only make one another late.
          fileParallelism: false,
        },
      },
    ],
  },
});
