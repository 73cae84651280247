import { act, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { serve, signedIn, socketTo, visit } from '../../test/world';

const quiz = (title: string, percentile: number) => ({
  quiz_id: `quiz_${title}`,
  title,
  subject: 'BIO',
  score: 80,
  rank: 2,
  total_participants: 28,
  percentile,
  answered: 10,
  correct: 8,
  duration_seconds: 278,
});

const own = (...quizzes: object[]) => ({
  quizzes,
  subjects: [
    {
      subject: 'BIO',
      subject_name: 'Biology',
      rank: 3,
      total_users: 120,
      percentile: 98.33,
      best_score: 95,
      average_score: 71.25,
      total_score: 285,
      quiz_count: 4,
    },
  ],
});

const cells = quiz('Cells', 60);
const light = quiz('Light', 90);

test('each quiz, each subject and the way over time are shown', async () => {
  signedIn();
  serve({ 'GET /users/me/performance': own(light, cells) });
  visit('/me');
  const [, latest, first] = await screen.findAllByRole('row');
  expect(latest).toHaveTextContent(/Light.*80.*2 of 28.*8 of 10.*4:38/);
  expect(first).toHaveTextContent('Cells');
  const subject = within(
    screen.getByRole('link', { name: 'Biology' }).closest('li') as HTMLElement,
  );
  expect(subject.getByText('3rd')).toHaveTextContent('3rd of 120');
  expect(
    subject.getByText(/285 points in 4 quizzes, best 95, on average 71.3/),
  ).toBeInTheDocument();
  expect(
    screen.getByRole('img', { name: /Cells 60 percent, Light 90 percent/ }),
  ).toBeInTheDocument();
});

test('an own result that comes in appears by itself', async () => {
  signedIn();
  let answer = own(cells);
  serve({ 'GET /users/me/performance': () => answer });
  visit('/me');
  await screen.findByText('Cells');
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  answer = own(light, cells);
  const data = {
    user_id: 'u_Ana',
    username: 'Ana',
    subject: 'BIO',
    quiz_id: 'quiz_Light',
    count: 1,
  };
  act(() => socket.says({ type: 'quiz_session_uploaded', data }));
  await screen.findByText('Light');
});

test('without results one reads how to get some', async () => {
  signedIn();
  serve({ 'GET /users/me/performance': { ...own(), subjects: [] } });
  visit('/me');
  await screen.findByText(/You have not finished a quiz yet/);
  expect(screen.getByRole('link', { name: 'Find a quiz' })).toHaveAttribute('href', '/');
});
