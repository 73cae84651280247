import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { QuizFrame } from '../src/messages.ts';
import { followQuiz, type QuizPlan } from '../src/quiz.ts';
import { fakeNetwork } from './fake-network.ts';

let network: ReturnType<typeof fakeNetwork>;
let quiz: ReturnType<typeof followQuiz>;
let frames: QuizFrame[];

beforeEach(() => {
  network = fakeNetwork();
  frames = [];
});
afterEach(() => {
  quiz.close();
  network.end();
});

function follow(plan: Partial<QuizPlan> = {}) {
  quiz = followQuiz({
    url: 'http://quiz.example:8080',
    quizId: 'quiz_1',
    participantId: 'p_1',
    onFrame: (frame) => frames.push(frame),
    random: () => 1,
    WebSocket: network.WebSocket,
    fetch: async () => Promise.reject(new Error('not asked for')),
    ...plan,
  });
  quiz.open();
}

/** The server, when asked over HTTP for the present state. */
const serverAt = (version: number, epoch = 1) =>
  vi.fn(async () => Response.json({ leaderboard: [], version, epoch }));

const frame = (version: number, epoch = 1) => ({ quiz_id: 'quiz_1', version, epoch });

test('it dials the quiz as the participant, a hundred rows a frame', async () => {
  follow();
  expect((await network.socket()).url).toBe(
    'ws://quiz.example:8080/quizzes/quiz_1/ws?participant_id=p_1&limit=100',
  );
});

test('frames pass in order; the same one may come twice, as when scores stop and go on', async () => {
  follow();
  const socket = (await network.socket()).accepts();
  for (const version of [1, 3, 2, 3]) socket.says(frame(version));
  socket.says(frame(1, 2));
  expect(frames.map(({ version, epoch }) => [epoch, version])).toEqual([
    [1, 1],
    [1, 3],
    [1, 3],
    [2, 1],
  ]);
});

test('a quiet quiz is found to be just quiet', async () => {
  const fetch = serverAt(4);
  follow({ fetch });
  (await network.socket()).accepts().says(frame(4));
  await network.pass(120_000);
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(quiz.state.phase).toBe('open');
  expect(network.dials()).toBe(1);
});

test('a socket on which changes went missing is replaced', async () => {
  follow({ fetch: serverAt(5) });
  (await network.socket()).accepts().says(frame(4));
  await network.pass(65_000);
  expect(quiz.state.phase).toBe('waiting');
});

test('a socket is replaced when the server does not answer at all', async () => {
  follow({ fetch: () => Promise.reject(new Error('no route')) });
  (await network.socket()).accepts().says(frame(4));
  await network.pass(65_000);
  expect(quiz.state.phase).toBe('waiting');
});

test('the change that HTTP knows of first may still come on the socket', async () => {
  follow({ fetch: serverAt(5) });
  const socket = (await network.socket()).accepts();
  socket.says(frame(4));
  await network.pass(61_000);
  socket.says(frame(5));
  await network.pass(5000);
  expect(quiz.state.phase).toBe('open');
});
