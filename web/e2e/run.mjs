/**
 * What people see, in a real browser against the real programs. Ends with `N passed, N failed`.
 *
 * `node e2e/run.mjs` runs all; `node e2e/run.mjs offline` those whose name contains "offline".
 */

import { accessible } from './checks/accessible.mjs';
import { hosting } from './checks/hosting.mjs';
import { lost } from './checks/lost.mjs';
import { signedIn } from './checks/people.mjs';
import { playing } from './checks/playing.mjs';
import { startBrowser } from './lib/browser.mjs';
import { people } from './lib/people.mjs';
import { startServers } from './lib/servers.mjs';

const LONGEST_MS = 120_000;
const AT_ONCE = 2;

const wanted = process.argv[2] ?? '';
const isWanted = ([name]) => name.includes(wanted);
const together = [...accessible, ...signedIn, ...hosting, ...playing].filter(isWanted);
// Those who take the servers away do it when nobody else is there.
const alone = lost.filter(isWanted);
const total = together.length + alone.length;

const servers = await startServers();
const { browser, close } = await startBrowser();
let failed = 0;
await Promise.all(Array.from({ length: AT_ONCE }, () => oneByOne(together)));
await oneByOne(alone, servers.mend);
await close();
await servers.close();

console.log(`${total - failed} passed, ${failed} failed`);
process.exit(failed === 0 && total > 0 ? 0 : 1);

/** Takes checks from a queue until it is empty. */
async function oneByOne(queue, afterEach) {
  for (let next = queue.shift(); next; next = queue.shift()) {
    await run(...next);
    await afterEach?.();
  }
}

async function run(name, check) {
  const world = people(browser, servers);
  const start = performance.now();
  try {
    await within(LONGEST_MS, check(world));
    world.expectNoComplaints();
    console.log(`ok    ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${indented(error.stack ?? String(error))}`);
    await world.keepPictures(name);
  } finally {
    await world.leave();
  }
}

function within(milliseconds, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function indented(text) {
  return text.replace(/^/gm, '      ');
}
