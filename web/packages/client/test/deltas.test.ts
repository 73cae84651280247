import { afterEach, beforeEach, expect, test } from 'vitest';
import { followLeaderboards, followQuiz, type Incoming, type QuizFrame } from '../src/deltas.ts';
import { fakeNetwork } from './fake-network.ts';
import type { FakeSocket } from './fake-socket.ts';
import { steps } from './gen/deltas.ts';
import { updates } from './gen/golden.ts';

let network: ReturnType<typeof fakeNetwork>;
let heard: QuizFrame[];
let leave: () => void;

beforeEach(() => {
  network = fakeNetwork();
  heard = [];
});
afterEach(() => {
  leave();
  network.end();
});

async function follow(): Promise<FakeSocket> {
  const quiz = followQuiz({
    url: 'https://quiz.example',
    quizId: 'quiz_a1b2c3d4e5f6',
    participantId: 'p_1',
    onFrame: (frame) => heard.push(frame),
    random: () => 1,
    WebSocket: network.WebSocket,
  });
  quiz.open();
  leave = quiz.close;
  return (await network.socket()).accepts();
}

async function followAll(onMessage: (message: Incoming) => void): Promise<FakeSocket> {
  const boards = followLeaderboards({
    url: 'https://quiz.example',
    getToken: () => 'token',
    onMessage,
    random: () => 1,
    WebSocket: network.WebSocket,
  });
  boards.open();
  boards.subscribe('quiz', 'quiz_a1b2c3d4e5f6');
  leave = boards.close;
  return (await network.socket()).accepts();
}

/** Numbers from 0 to 1, the same each time (a linear congruential generator, Numerical Recipes). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const row = (participant_id: string, score: number, rank: number) => ({
  participant_id,
  username: `name of ${participant_id}`,
  score,
  rank,
});
const board: QuizFrame = {
  quiz_id: 'quiz_1',
  leaderboard: [row('a', 50, 1), row('b', 40, 2), row('c', 30, 3), row('d', 20, 4)],
  total_participants: 4,
  timestamp: '2026-02-02T10:15:00.123Z',
  version: 17,
  epoch: 1,
  status: 'started',
  stale: true,
  you: { participant_id: 'd', score: 20, rank: 4, version: 17 },
};
const delta = {
  quiz_id: 'quiz_1',
  base: 17,
  version: 18,
  epoch: 1,
  timestamp: '2026-02-02T10:15:01.123Z',
  rows: [[1, 2, 45]],
};

test('both sockets ask for deltas', async () => {
  await follow();
  expect((await network.socket()).url).toBe(
    'wss://quiz.example/quizzes/quiz_a1b2c3d4e5f6/ws?participant_id=p_1&limit=100&deltas=1',
  );
  leave();
  await followAll(() => {});
  expect((await network.socket()).url).toBe('wss://quiz.example/ws/leaderboard/?deltas=1');
});

test('the gateway’s deltas lead to the gateway’s boards', async () => {
  const socket = await follow();
  for (const { told } of steps) socket.says(told);
  // As text, for the members keep their order, too.
  expect(heard.map((frame) => JSON.stringify(frame))).toEqual(
    steps.map(({ board }) => JSON.stringify(board)),
  );
});

test('whichever message is lost, no wrong board is shown, and whole ones are asked for', async () => {
  const boards = steps.map(({ board }) => JSON.stringify(board));
  for (const [lost, { told }] of steps.entries()) {
    heard = [];
    const socket = await follow();
    for (const [at, step] of steps.entries()) if (at !== lost) socket.says(step.told);
    for (const frame of heard) expect(boards).toContain(JSON.stringify(frame));
    const next = steps[lost + 1]?.told;
    const isMissed = next && 'base' in next && next.version !== told.version;
    const { url } = await network.socket();
    expect(url.includes('deltas'), `after ${lost}`).toBe(!isMissed);
    expect(heard).toHaveLength(isMissed ? lost : steps.length - 1);
    leave();
  }
});

test('whichever messages are lost, only boards that were are shown, and in the end the last one', async () => {
  const boards = steps.map(({ board }) => JSON.stringify(board));
  const random = randomFrom(20261122);
  for (let round = 0; round < 200; round++) {
    heard = [];
    let socket = await follow();
    const lost = steps.map((_, at) => at > 0 && at < steps.length - 1 && random() < 0.4);
    for (const [at, { told, board }] of steps.entries()) {
      if (lost[at]) continue;
      socket.says(socket.url.includes('deltas') ? told : board);
      const next = await network.socket();
      if (next === socket) continue;
      socket = next.accepts();
      socket.says(board);
    }
    for (const frame of heard) expect(boards).toContain(JSON.stringify(frame));
    expect(JSON.stringify(heard.at(-1)), `lost ${lost}`).toBe(boards.at(-1));
    leave();
  }
});

test('a row that is the same stays the same object', async () => {
  const socket = await follow();
  socket.says(board);
  socket.says(delta);
  const [before, after] = heard;
  expect(after?.leaderboard).toEqual([
    row('a', 50, 1),
    row('c', 45, 2),
    row('b', 40, 3),
    row('d', 20, 4),
  ]);
  expect(after?.leaderboard[0]).toBe(before?.leaderboard[0]);
  expect(after?.leaderboard[3]).toBe(before?.leaderboard[3]);
});

test('what only the last message said is forgotten', async () => {
  const socket = await follow();
  socket.says(board);
  socket.says(delta);
  expect(heard[1]).not.toHaveProperty('stale');
  expect(heard[1]).not.toHaveProperty('you');
  const you = { participant_id: 'd', score: 20, rank: 4, version: 18 };
  socket.says({ ...delta, base: 18, rows: undefined, you });
  expect(heard[2]).toEqual({ ...heard[1], you });
});

test('nothing is built on a board of an earlier connection or of another epoch', async () => {
  const first = await follow();
  first.says(board);
  first.breaks();
  await network.pass(1000);
  const second = (await network.socket()).accepts();
  second.says(delta);
  expect(heard).toEqual([board]);
  const third = (await network.socket()).accepts();
  expect(third.url).not.toContain('deltas');
  third.says({ ...board, version: 18 });
  leave();

  const other = await follow();
  other.says(board);
  other.says({ ...delta, epoch: 2 });
  expect(heard.at(-1)).toEqual(board);
  expect((await network.socket()).url).not.toContain('deltas');
});

test('a board that comes late is the base of the next all the same, but is not shown', async () => {
  const first = await follow();
  first.says({ ...board, version: 18 });
  first.breaks();
  await network.pass(1000);
  // Another server, which is behind.
  const second = (await network.socket()).accepts();
  second.says(board);
  second.says({ ...delta, version: 19 });
  expect(heard.map(({ version }) => version)).toEqual([18, 19]);
});

test('a subscriber hears whole boards, of each quiz its own', async () => {
  const seen: Incoming[] = [];
  const socket = await followAll((message) => seen.push(message));
  const [whole, changed] = updates;
  const other = { ...board, version: changed.data.base };
  socket.says(whole);
  socket.says({ type: 'quiz_leaderboard_updated', data: other });
  socket.says(changed);
  socket.says({ type: 'pong' });
  expect(seen.map(({ type }) => type)).toEqual([
    'quiz_leaderboard_updated',
    'quiz_leaderboard_updated',
    'quiz_leaderboard_updated',
    'pong',
  ]);
  expect(seen[2]).toMatchObject({
    data: { quiz_id: whole.data.quiz_id, version: changed.data.version },
  });
  expect(seen[2]).not.toHaveProperty('data.base');
});

test('a token that comes too late leaves the boards of the next connection alone', async () => {
  const seen: Incoming[] = [];
  const tokens: ((token: string) => void)[] = [];
  const boards = followLeaderboards({
    url: 'https://quiz.example',
    getToken: () => new Promise((resolve) => tokens.push(resolve)),
    onMessage: (message) => seen.push(message),
    random: () => 1,
    WebSocket: network.WebSocket,
  });
  boards.open();
  boards.open();
  leave = boards.close;
  const [late, token] = tokens;
  token?.('token');
  const socket = (await network.socket()).accepts();
  const [whole, changed] = updates;
  socket.says(whole);
  late?.('token');
  await network.pass(0);
  socket.says(changed);
  expect(seen.map(({ type }) => type)).toEqual([whole.type, whole.type]);
  expect(network.dials()).toBe(1);
});

test('a subscriber to whom a delta makes no sense is told whole boards, and subscribes again', async () => {
  const seen: Incoming[] = [];
  const socket = await followAll((message) => seen.push(message));
  socket.says(updates[1]);
  expect(seen).toEqual([]);
  const next = (await network.socket()).accepts();
  expect(next.url).toBe('wss://quiz.example/ws/leaderboard/');
  expect(next.sent).toEqual([{ type: 'subscribe_quiz', quiz_id: 'quiz_a1b2c3d4e5f6' }]);
});
