import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

test('the whole client is at most 2 kB, minified and gzipped', async () => {
  const outputs = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      lib: {
        entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)),
        formats: ['es'],
      },
    },
  })) as Rolldown.RolldownOutput[];
  const code = outputs[0]?.output[0].code ?? '';
  const size = gzipSync(code).length;
  console.info(`client: ${size} bytes`);
  expect(code).toContain('retry_after_ms');
  expect(size).toBeLessThanOrEqual(2048);
});
