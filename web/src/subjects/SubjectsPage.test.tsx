import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { type Answers, serve, signedIn, socketTo, visit } from '../../test/world';

const row = (name: string, total_score: number, rank: number) => ({
  user_id: `u_${name}`,
  username: name,
  total_score,
  quiz_count: 4,
  average_score: total_score / 4,
  total_duration_seconds: 1290,
  average_duration_seconds: 323,
  rank,
});

const board = (version: number, ...leaderboard: object[]) => ({
  subject: 'BIO',
  subject_name: 'Biology',
  leaderboard,
  total_users: 2,
  timestamp: new Date().toISOString(),
  version,
  epoch: 1,
});

const world = (change: Answers = {}): Answers => ({
  'GET /subjects': {
    subjects: [
      { subject: 'BIO', name: 'Biology' },
      { subject: 'MATH', name: 'Mathematics' },
    ],
  },
  'GET /subjects/BIO/leaderboard': (_, url) =>
    url.searchParams.has('around')
      ? board(1, row('Ana', 300, 2))
      : board(1, row('Ben', 340, 1), row('Ana', 300, 2)),
  ...change,
});

test('the first subject is shown, with what the sums are made of', async () => {
  serve(world());
  visit('/leaderboard');
  const ranking = await screen.findByRole('list', { name: 'Leaderboard of Biology' });
  expect(within(ranking).getAllByRole('listitem')[0]).toHaveTextContent(/Ben/);
  expect(within(ranking).getAllByText('4 quizzes, 5 min 23 s each')).toHaveLength(2);
  expect(screen.getByText(/to see changes the moment they happen/)).toBeInTheDocument();
});

test('the board moves on a push, and a new leader is told', async () => {
  signedIn();
  serve(world());
  visit('/leaderboard');
  await screen.findByRole('list', { name: 'Leaderboard of Biology' });
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  expect(socket.sent).toContainEqual({ type: 'subscribe_subject', subject: 'BIO' });
  const data = { ...board(2, row('Ana', 400, 1), row('Ben', 340, 2)), quiz_id: 'quiz_1' };
  act(() => socket.says({ type: 'leaderboard_updated', data }));
  await screen.findByText('Ana leads Biology now');
  const ranking = screen.getByRole('list', { name: 'Leaderboard of Biology' });
  expect(within(ranking).getAllByRole('listitem')[0]).toHaveTextContent(/Ana/);
});

test('an uploaded session refreshes the board and is told', async () => {
  signedIn();
  let version = 1;
  serve(
    world({
      'GET /subjects/BIO/leaderboard': () => board(version, row('Ben', 340 + version, 1)),
    }),
  );
  visit('/leaderboard');
  await screen.findByText('341');
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  version = 2;
  const data = { subject: 'BIO', quiz_id: 'quiz_1', username: 'Ben', score: 1, count: 1 };
  act(() => socket.says({ type: 'quiz_session_uploaded', data }));
  await screen.findByText('Ben finished with 1 point in Biology');
  await screen.findByText('342');
});

test('many sessions at once are one piece of news', async () => {
  signedIn();
  serve(world());
  visit('/leaderboard');
  await screen.findByRole('list', { name: 'Leaderboard of Biology' });
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  const data = { subject: 'BIO', quiz_id: 'quiz_1', username: 'Ben', score: 1, count: 400 };
  act(() => socket.says({ type: 'quiz_session_uploaded', data }));
  await screen.findByText('400 new results in Biology');
});

test('sessions of subjects that nobody here looks at are no news', async () => {
  signedIn();
  serve(world());
  visit('/leaderboard');
  await screen.findByRole('list', { name: 'Leaderboard of Biology' });
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  const data = { subject: 'ART', quiz_id: 'quiz_9', username: 'Eve', score: 1, count: 1 };
  act(() => socket.says({ type: 'quiz_session_uploaded', data }));
  act(() => socket.says({ type: 'pong' }));
  expect(screen.queryByText(/Eve finished/)).not.toBeInTheDocument();
});

test('the own row is marked, with the gap to the next one up', async () => {
  signedIn();
  serve(world());
  visit('/leaderboard');
  await screen.findByText('You are 40 points behind Ben.');
  expect(screen.getByText('Ana', { selector: '.row-who' })).toHaveTextContent('you');
});

test('another subject is a click away, and the address remembers it', async () => {
  signedIn();
  serve(
    world({
      'GET /subjects/MATH/leaderboard': {
        ...board(1),
        subject: 'MATH',
        subject_name: 'Mathematics',
      },
    }),
  );
  visit('/leaderboard');
  await userEvent.click(await screen.findByRole('button', { name: 'Mathematics' }));
  await screen.findByText('Nobody has finished a quiz in Mathematics yet.');
  expect(window.location.search).toBe('?subject=MATH');
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  await waitFor(() =>
    expect(socket.sent).toEqual([{ type: 'subscribe_subject', subject: 'MATH' }]),
  );
});

test('without subjects one reads how they come to be', async () => {
  serve({ 'GET /subjects': { subjects: [] } });
  visit('/leaderboard');
  await screen.findByText(/There are no subjects yet/);
});

test('who is far down stands below the rows, with the gap to the next one up', async () => {
  signedIn();
  serve(
    world({
      'GET /subjects/BIO/leaderboard': (_, url) => {
        const { around, limit } = Object.fromEntries(url.searchParams);
        if (around !== 'me') return board(1, row('Ben', 340, 1));
        return limit === '1'
          ? board(1, row('Ana', 20, 512))
          : board(1, row('Zoe', 24, 511), row('Ana', 20, 512));
      },
    }),
  );
  visit('/leaderboard');
  const own = within(await screen.findByRole('list', { name: 'Your position' }));
  expect(own.getByText('512')).toBeInTheDocument();
  await screen.findByText('You are 4 points behind Zoe.');
});
