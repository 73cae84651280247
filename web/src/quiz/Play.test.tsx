import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { frame, info, QUIZ, seated, serve, visit } from '../../test/world';

const QUESTIONS = [
  { question_id: 'q_1', text: 'Which is the longest?', options: ['Nile', 'Rhine'], points: 10 },
  { question_id: 'q_2', text: 'And the widest?', options: ['Amazon', 'Thames'], points: 15 },
];

beforeEach(() => {
  seated();
  serve({
    [`GET /quizzes/${QUIZ}/info`]: info(),
    [`GET /quizzes/${QUIZ}/leaderboard`]: frame(1, { Ben: 20, Ana: 6 }),
    [`GET /quizzes/${QUIZ}/questions`]: { quiz_id: QUIZ, questions: QUESTIONS },
    [`GET /quizzes/${QUIZ}/answers`]: { quiz_id: QUIZ, answers: [] },
    [`POST /quizzes/${QUIZ}/answer`]: {
      correct: true,
      points_earned: 10,
      total_score: 16,
      version: 2,
    },
  });
});

test('the first question waits until it is reached', async () => {
  visit(`/quizzes/${QUIZ}`);
  await screen.findByRole('heading', { name: 'Which is the longest?' });
  expect(document.body).toHaveFocus();
});

test('whoever goes on lands on the next question, and at the end on how it went', async () => {
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: /Nile/ }));
  await userEvent.click(await screen.findByRole('button', { name: 'Next question' }));
  expect(screen.getByRole('heading', { name: 'And the widest?' })).toHaveFocus();
  await userEvent.tab();
  await userEvent.keyboard('{Enter}');
  await userEvent.click(await screen.findByRole('button', { name: 'See how it went' }));
  expect(screen.getByRole('heading', { name: 'All answered' })).toHaveFocus();
});

test('whoever leaves a question for later lands on the next one', async () => {
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: 'Skip for now' }));
  expect(screen.getByRole('heading', { name: 'And the widest?' })).toHaveFocus();
});
