import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), forTheGateway()],
  // The gateway's address, where the page is served from elsewhere: NEXT_PUBLIC_WS_URL.
  envPrefix: 'NEXT_PUBLIC_',
  resolve: {
    alias: {
      '@scorecast/client/deltas': here('packages/client/src/deltas.ts'),
      '@scorecast/client': here('packages/client/src/index.ts'),
      '@': here('src'),
    },
  },
  build: {
    target: 'baseline-widely-available',
    // Its .gitignore stays: cargo looks at the folder, also before there is a page in it.
    emptyOutDir: false,
    license: { fileName: 'assets/licenses.md' },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: proxied() },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'client',
          environment: 'node',
          include: ['packages/client/test/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'page',
          environment: 'jsdom',
          include: ['src/**/*.test.{ts,tsx}'],
          setupFiles: ['test/setup.ts'],
          testTimeout: 30_000,
        },
      },
    ],
  },
});

/** In development the page is Vite's and everything else is a running Scorecast's. */
function proxied() {
  const target = 'http://127.0.0.1:8080';
  const api = '^/(auth|admin|join|subjects|users)/|^/(quizzes|subjects)(\\?|$)|^/quizzes/[^/]+/.+';
  return {
    [api]: { target, ws: true },
    '/ws/': { target, ws: true },
  };
}

/** Clears what was built before, and puts a Brotli twin beside each file that gains by it. */
function forTheGateway(): Plugin {
  const dist = here('dist');
  return {
    name: 'for-the-gateway',
    apply: 'build',
    buildStart() {
      for (const name of ['assets', 'index.html', 'index.html.br']) {
        rmSync(join(dist, name), { recursive: true, force: true });
      }
    },
    closeBundle() {
      for (const entry of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(html|js|css|svg|md)$/.test(entry)) continue;
        writeFileSync(
          join(dist, `${entry}.br`),
          brotliCompressSync(readFileSync(join(dist, entry))),
        );
      }
    },
  };
}
