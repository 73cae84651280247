/**
 * Lighthouse on the pages that need no sign-in: accessibility and best practices must be 100.
 * Lighthouse is fetched for the occasion; it is larger than the rest together.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLAGS } from './lib/browser.mjs';
import { people } from './lib/people.mjs';
import { startServers } from './lib/servers.mjs';

const LIGHTHOUSE = 'lighthouse@12.8.2';
const MUST_BE_FULL = ['accessibility', 'best-practices'];

const servers = await startServers();
const folder = mkdtempSync(join(tmpdir(), 'scorecast-lighthouse-'));
let failed = 0;
try {
  const quiz = await people(null, servers).quiz({ isStarted: true });
  await quiz.answer(await quiz.seat('Ana'), 1);
  for (const path of ['/', quiz.path, '/leaderboard', '/host']) failed += await audit(path);
} finally {
  await servers.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

/** Prints the scores of a page; gives how many of those that must be full are not. */
async function audit(path) {
  const report = join(folder, 'report.json');
  const flags = ['--headless', ...FLAGS, `--user-data-dir=${join(folder, 'profile')}`];
  const told = ['exec', '--yes', `--package=${LIGHTHOUSE}`, '--', 'lighthouse', servers.url + path];
  told.push('--quiet', '--no-enable-error-reporting', '--output=json', `--output-path=${report}`);
  told.push(`--chrome-flags=${flags.join(' ')}`);
  const child = spawn('npm', told, {
    cwd: folder,
    env: { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? '/usr/bin/chromium' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((done) => child.once('exit', done));
  if (code !== 0) throw new Error(`lighthouse ended with ${code}`);

  const { categories, audits } = JSON.parse(readFileSync(report, 'utf8'));
  const scores = Object.values(categories).map(
    ({ id, score }) => `${id} ${Math.round(score * 100)}`,
  );
  console.log(`${path}: ${scores.join(', ')}`);
  return MUST_BE_FULL.filter((id) => {
    if (categories[id].score === 1) return false;
    const found = categories[id].auditRefs.filter(
      ({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 1,
    );
    for (const { id } of found) console.log(`  ${id}: ${audits[id].title}`);
    return true;
  }).length;
}
