import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

/** An entry as a page gets it, minified. */
async function built(entry: string): Promise<string> {
  const outputs = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      lib: {
        entry: fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url)),
        formats: ['es'],
      },
    },
  })) as Rolldown.RolldownOutput[];
  return outputs[0]?.output[0].code ?? '';
}

test.each([
  ['index', 2048, 'retry_after_ms'],
  ['deltas', 3072, 'quiz_leaderboard_delta'],
])('the whole of %s is at most %d bytes, minified and gzipped', async (entry, most, contents) => {
  const code = await built(entry);
  const size = gzipSync(code).length;
  console.info(`${entry}: ${size} bytes`);
  expect(code).toContain(contents);
  expect(size).toBeLessThanOrEqual(most);
});
