/** Messages that the gateway's own tests have written, exactly as it sends them. */

import { expect, test } from 'vitest';
import { followLeaderboards } from '../src/leaderboards.ts';
import { followQuiz } from '../src/quiz.ts';
import { fakeNetwork } from './fake-network.ts';
import { frames, incoming } from './gen/golden.ts';

test('each of the gateway’s messages is passed on as it is', async () => {
  const network = fakeNetwork();
  const heard: unknown[] = [];
  const boards = followLeaderboards({
    url: 'https://quiz.example',
    getToken: () => 'token',
    onMessage: (message) => heard.push(message),
    WebSocket: network.WebSocket,
  });
  boards.open();
  const socket = (await network.socket()).accepts();
  for (const message of incoming) socket.says(message);
  expect(heard).toEqual(incoming);
  boards.close();
  network.end();
});

test('each of the gateway’s frames is passed on as it is', async () => {
  const network = fakeNetwork();
  const heard: unknown[] = [];
  const quiz = followQuiz({
    url: 'https://quiz.example',
    quizId: 'quiz_a1b2c3d4e5f6',
    participantId: 'p_1234567890ab',
    onFrame: (frame) => heard.push(frame),
    WebSocket: network.WebSocket,
  });
  quiz.open();
  const socket = (await network.socket()).accepts();
  for (const frame of frames) socket.says(frame);
  expect(heard).toEqual(frames);
  quiz.close();
  network.end();
});
