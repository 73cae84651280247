import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  followLeaderboards,
  type Leaderboards,
  type LeaderboardsPlan,
} from '../src/leaderboards.ts';
import type { Incoming } from '../src/messages.ts';
import { fakeNetwork } from './fake-network.ts';

let network: ReturnType<typeof fakeNetwork>;
let boards: Leaderboards;
let heard: Incoming[];

beforeEach(() => {
  network = fakeNetwork();
  heard = [];
});
afterEach(() => {
  boards.close();
  network.end();
});

function follow(plan: Partial<LeaderboardsPlan> = {}) {
  boards = followLeaderboards({
    url: 'https://quiz.example/some/page',
    getToken: () => 'aaa.bbb.ccc',
    onMessage: (message) => heard.push(message),
    random: () => 1,
    WebSocket: network.WebSocket,
    ...plan,
  });
  boards.open();
}

const frame = (version: number, epoch = 1) => ({
  type: 'quiz_leaderboard_updated',
  data: { quiz_id: 'quiz_1', leaderboard: [], version, epoch },
});
const subscribe = { type: 'subscribe_quiz', quiz_id: 'quiz_1' };
const unsubscribe = { type: 'unsubscribe_quiz', quiz_id: 'quiz_1' };

test('the token travels as a subprotocol, not in the URL', async () => {
  follow();
  const socket = await network.socket();
  expect(socket.url).toBe('wss://quiz.example/ws/leaderboard/');
  expect(socket.protocols).toEqual(['scorecast.v1', 'bearer.aaa.bbb.ccc']);
});

test('the token is fetched anew at each dial', async () => {
  const getToken = vi.fn().mockResolvedValueOnce('one').mockResolvedValueOnce('two');
  follow({ getToken });
  (await network.socket()).accepts().breaks();
  await network.pass(1000);
  expect((await network.socket()).protocols?.[1]).toBe('bearer.two');
  expect(getToken.mock.calls).toEqual([[false], [false]]);
});

test('a refused token is asked for as refused', async () => {
  const getToken = vi.fn(() => 'token');
  follow({ getToken });
  (await network.socket()).accepts().breaks(4401, 'token expired');
  await network.socket();
  expect(getToken.mock.calls).toEqual([[false], [true]]);
});

test('without a token nobody is signed in', async () => {
  follow({ getToken: () => null });
  await network.pass(0);
  expect(boards.state.phase).toBe('signed-out');
});

test('a subscription from before the connection is made when it opens', async () => {
  follow();
  boards.subscribe('quiz', 'quiz_1');
  boards.subscribe('subject', 'BIO');
  const socket = (await network.socket()).accepts();
  expect(socket.sent).toEqual([subscribe, { type: 'subscribe_subject', subject: 'BIO' }]);
});

test('two users of one subscription make one, which the last one ends', async () => {
  follow();
  const socket = (await network.socket()).accepts();
  boards.subscribe('quiz', 'quiz_1');
  boards.subscribe('quiz', 'quiz_1');
  boards.unsubscribe('quiz', 'quiz_1');
  expect(socket.sent).toEqual([subscribe]);
  boards.unsubscribe('quiz', 'quiz_1');
  boards.unsubscribe('quiz', 'quiz_1');
  expect(socket.sent).toEqual([subscribe, unsubscribe]);
});

test('subscriptions come back after a reconnect, those that ended do not', async () => {
  follow();
  boards.subscribe('quiz', 'quiz_1');
  boards.subscribe('quiz', 'quiz_2');
  (await network.socket()).accepts().breaks();
  boards.unsubscribe('quiz', 'quiz_2');
  await network.pass(1000);
  expect((await network.socket()).accepts().sent).toEqual([subscribe]);
});

test('after a minute of silence it pings', async () => {
  follow();
  const socket = (await network.socket()).accepts();
  await network.pass(60_000);
  expect(socket.sent).toEqual([{ type: 'ping' }]);
  socket.says({ type: 'pong' });
  await network.pass(10_000);
  expect(boards.state.phase).toBe('open');
});

test('a board never goes back, not even over a reconnect', async () => {
  follow();
  const first = (await network.socket()).accepts();
  first.says(frame(2));
  first.says(frame(1));
  first.breaks();
  await network.pass(1000);
  const second = (await network.socket()).accepts();
  second.says(frame(1));
  second.says(frame(2));
  second.says(frame(3));
  expect(heard).toEqual([frame(2), frame(2), frame(3)]);
});

test('a board of a greater epoch replaces the one before, whatever its version', async () => {
  follow();
  const socket = (await network.socket()).accepts();
  socket.says(frame(900, 1));
  socket.says(frame(1, 2));
  socket.says(frame(901, 1));
  expect(heard).toEqual([frame(900, 1), frame(1, 2)]);
});

test('each board has an order of its own', async () => {
  const subject = {
    type: 'leaderboard_updated',
    data: { subject: 'quiz_1', version: 1, epoch: 1 },
  };
  follow();
  const socket = (await network.socket()).accepts();
  socket.says(frame(9));
  socket.says(subject);
  socket.says({ ...frame(3), data: { ...frame(3).data, quiz_id: 'quiz_2' } });
  expect(heard).toHaveLength(3);
});

test('a message of a type from the future is passed on and breaks nothing', async () => {
  follow();
  (await network.socket()).accepts().says({ type: 'weather', data: { sunny: true } });
  expect(heard).toEqual([{ type: 'weather', data: { sunny: true } }]);
});
