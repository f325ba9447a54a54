import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

// The development server passes on to a Thrum server started beside it.
const server = process.env['THRUM_DEV_SERVER'] ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page works under any path that a proxy gives it.
  base: './',
  plugins: [react(), tailwindcss()],
  resolve: { conditions: ['thrum:source', ...defaultClientConditions] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: true,
    // Browsers that know light-dark() and nesting: otherwise each colour is written out twice.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // The page's policy forbids data: addresses.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      '/ws': { target: server, ws: true },
      '/connect': { target: server },
      '/playground': { target: server },
    },
  },
});
