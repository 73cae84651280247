import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { quizBoard } from '@/api/quizzes';
import { frame, QUIZ, serve } from '../../test/world';
import { takeInQuizFrame, takeInSubjectFrame } from './cache';

const board = (cache: QueryClient) =>
  cache.getQueryData<{ version: number }>(quizBoard(QUIZ).queryKey);

test('a late answer to an earlier request never overwrites a newer push', async () => {
  let answer = (_: object) => {};
  serve({
    [`GET /quizzes/${QUIZ}/leaderboard`]: () =>
      new Promise<object>((resolve) => {
        answer = resolve;
      }),
  });
  const cache = new QueryClient();
  const fetching = cache.fetchQuery(quizBoard(QUIZ));
  takeInQuizFrame(cache, frame(7, { Ana: 70 }));
  await vi.waitFor(() => answer(frame(5, { Ana: 50 })));
  await fetching;
  expect(board(cache)?.version).toBe(7);
});

test('an older push is refused, the same state may come again, a greater epoch wins', () => {
  const cache = new QueryClient();
  takeInQuizFrame(cache, frame(7, {}));
  takeInQuizFrame(cache, frame(6, {}));
  expect(board(cache)?.version).toBe(7);
  takeInQuizFrame(cache, frame(7, {}, { total_participants: 70 }));
  expect(board(cache)).toMatchObject({ version: 7, total_participants: 70 });
  takeInQuizFrame(cache, frame(1, {}, { epoch: 2 }));
  expect(board(cache)).toMatchObject({ version: 1, epoch: 2 });
});

test('that the feed stands still is heard from any push, and taken back by the next', () => {
  const cache = new QueryClient();
  const isStale = () => cache.getQueryData(['quiz', QUIZ, 'stale']);
  cache.setQueryData(['quiz', QUIZ, 'board'], frame(9, {}));
  takeInQuizFrame(cache, frame(7, {}, { stale: true }));
  expect(isStale()).toBe(true);
  expect(board(cache)?.version).toBe(9);
  takeInQuizFrame(cache, frame(7, {}));
  expect(isStale()).toBe(false);
});

test('the own standing has a version of its own, which never goes back either', () => {
  const cache = new QueryClient();
  const you = (rank: number, version: number) => ({
    participant_id: 'p_Ana',
    score: 1,
    rank,
    version,
  });
  takeInQuizFrame(cache, frame(7, {}, { you: you(120, 7) }));
  takeInQuizFrame(cache, frame(8, {}, { you: you(125, 6) }));
  expect(cache.getQueryData(['quiz', QUIZ, 'standing', 'p_Ana'])).toMatchObject({ rank: 120 });
  expect(board(cache)).not.toHaveProperty('you');
});

test('a subject’s board never goes back either', () => {
  const cache = new QueryClient();
  const pushed = (version: number) => ({
    subject: 'BIO',
    subject_name: 'Biology',
    leaderboard: [],
    total_users: version,
    timestamp: null,
    version,
    epoch: 1,
  });
  takeInSubjectFrame(cache, pushed(2));
  takeInSubjectFrame(cache, pushed(1));
  expect(cache.getQueryData(['subject', 'BIO', 'board'])).toMatchObject({ version: 2 });
});
