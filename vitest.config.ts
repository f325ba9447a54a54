import { defineConfig } from 'vitest/config';

const conditions = ['thrum:source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
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
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
