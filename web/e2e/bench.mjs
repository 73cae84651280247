/**
 * How smoothly a board of 100 rows moves at 4 changes a second: frames a second, and how long
 * after a push the page shows it. Fails below 50 frames a second.
 */

import assert from 'node:assert/strict';
import { startBrowser } from './lib/browser.mjs';
import { startServers } from './lib/servers.mjs';

const ROWS = 100;
const PER_SECOND = 4;
const SECONDS = 5;
const LEAST_FPS = 50;

const servers = await startServers();
const { browser, close } = await startBrowser();
let result;
try {
  result = await measure();
} finally {
  await close();
  await servers.close();
}
console.log(
  `${ROWS} rows, ${PER_SECOND} changes/s: ${result.fps.toFixed(1)} frames/s, ` +
    `longest frame ${result.longest.toFixed(0)} ms, ` +
    `push to page ${result.lags.at(Math.floor(result.lags.length / 2)).toFixed(0)} ms (median), ` +
    `${result.lags.at(-1).toFixed(0)} ms (longest)`,
);
assert.ok(result.fps >= LEAST_FPS, `fewer than ${LEAST_FPS} frames a second`);

async function measure() {
  const token = servers.token({ sub: 'ada', username: 'Ada', role: 'host' });
  const { quiz_id } = await servers.api('POST', '/admin/quizzes', {
    token,
    body: { title: 'A hundred rows', duration_minutes: 5 },
  });
  const context = await browser.newContext({ baseURL: servers.url });
  await context.addInitScript((quizId) => {
    const seat = { quizId, participantId: 'p_50', username: 'Player 50', token: 'pt_' };
    localStorage.setItem('scorecast.seats', JSON.stringify([seat]));
  }, quiz_id);
  const page = await context.newPage();
  let socket;
  await page.routeWebSocket(/\/ws\?/, (opened) => {
    socket = opened;
    push(0);
  });

  const scores = Array.from({ length: ROWS }, (_, index) => 1000 - index * 5);
  function push(version) {
    for (let change = 0; change < 20; change++) {
      scores[Math.floor(Math.random() * ROWS)] += Math.floor(Math.random() * 60);
    }
    const leaderboard = scores
      .map((score, index) => ({ participant_id: `p_${index}`, username: `Player ${index}`, score }))
      .sort((a, b) => b.score - a.score)
      .map((row, index) => ({ ...row, rank: index + 1 }));
    socket.send(
      JSON.stringify({
        quiz_id,
        leaderboard,
        total_participants: ROWS + version,
        timestamp: new Date().toISOString(),
        version: 1000 + version,
        epoch: 2_000_000_000,
        status: 'ended',
      }),
    );
  }

  await page.goto(`/quizzes/${quiz_id}`);
  await page.getByRole('button', { name: `Show the first ${ROWS}` }).click();
  await page.getByText(`${ROWS} players`).waitFor();
  await page.evaluate(() => {
    window.frames_ = [];
    window.seen = new Map();
    const count = () =>
      document.querySelector('.board-foot > span').textContent.match(/^(\d+)/)?.[1];
    requestAnimationFrame(function step(now) {
      window.frames_.push(now);
      const shown = count();
      if (!window.seen.has(shown)) window.seen.set(shown, Date.now());
      requestAnimationFrame(step);
    });
  });

  const pushed = new Map();
  for (let version = 1; version <= SECONDS * PER_SECOND; version++) {
    pushed.set(String(ROWS + version), Date.now());
    push(version);
    await new Promise((done) => setTimeout(done, 1000 / PER_SECOND));
  }
  const { frames, seen } = await page.evaluate(() => ({
    frames: window.frames_,
    seen: [...window.seen],
  }));
  const gaps = frames.slice(1).map((at, index) => at - frames[index]);
  const lags = seen
    .filter(([shown]) => pushed.has(shown))
    .map(([shown, at]) => at - pushed.get(shown));
  return {
    fps: (1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0),
    longest: Math.max(...gaps),
    lags: lags.sort((a, b) => a - b),
  };
}
