import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  // The gateway's address, where the page is served from elsewhere: NEXT_PUBLIC_WS_URL.
  envPrefix: 'NEXT_PUBLIC_',
  resolve: {
    alias: {
      '@scorecast/client': here('packages/client/src/index.ts'),
      '@': here('src'),
    },
  },
  build: {
    target: 'baseline-widely-available',
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
