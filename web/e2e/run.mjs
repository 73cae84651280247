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

const LONGEST_MS = 90_000;

const wanted = process.argv[2] ?? '';
const checks = [...playing, ...hosting, ...lost, ...signedIn, ...accessible].filter(([name]) =>
  name.includes(wanted),
);

const servers = await startServers();
const { browser, close } = await startBrowser();
let failed = 0;
for (const [name, check] of checks) {
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
    await servers.mend();
  }
}
await close();
await servers.close();

console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && checks.length > 0 ? 0 : 1);

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
