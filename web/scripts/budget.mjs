/** Fails when the first view needs more JavaScript than it may: what index.html names, gzipped. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST_BYTES = 110_000;

const dist = join(import.meta.dirname, '../dist');
const page = readFileSync(join(dist, 'index.html'), 'utf8');
const scripts = new Set(
  [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, name]) => name),
);
// What those import in turn is fetched as well, even where nothing preloads it.
for (const name of scripts) {
  const code = readFileSync(join(dist, name), 'utf8');
  for (const [, found] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) {
    scripts.add(`assets/${found}`);
  }
}
if (scripts.size === 0) throw new Error('index.html names no script');

let total = 0;
for (const name of scripts) {
  const size = gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)} ${name}`);
}
console.log(
  `${String(total).padStart(8)} of at most ${MOST_BYTES} bytes of JavaScript on first view`,
);
process.exit(total <= MOST_BYTES ? 0 : 1);
