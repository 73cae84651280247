import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { signIn, signOut } from '@/auth/session';
import {
  type Answers,
  frame,
  givesSeats,
  info,
  QUIZ,
  refusal,
  seated,
  serve,
  signedIn,
  token,
  visit,
} from '../../test/world';

/** A quiz that waits, and gives everybody a seat of their own. */
function waiting(change: Answers = {}) {
  return serve({
    'GET /quizzes': (_, url) => ({
      quizzes: url.searchParams.get('status') === 'ended' ? [] : [info({ status: 'pending' })],
    }),
    [`GET /quizzes/${QUIZ}/info`]: info({ status: 'pending' }),
    [`GET /quizzes/${QUIZ}/leaderboard`]: frame(1, {}, { status: 'pending' }),
    [`POST /quizzes/${QUIZ}/join`]: givesSeats,
    ...change,
  });
}

const ana = () => token({ sub: 'ana', username: 'Ana' });
const ben = () => token({ sub: 'ben', username: 'Ben' });

async function anaJoins() {
  signedIn();
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: 'Join the quiz' }));
  await screen.findByText('You are in, Ana');
}

test('a user’s seat is nobody else’s, and is there again when the user comes back', async () => {
  waiting();
  await anaJoins();
  act(() => signOut());
  await screen.findByLabelText('Your name on the board');
  act(() => signIn(ben()));
  expect(await screen.findByLabelText('Your name on the board')).toHaveValue('Ben');
  await userEvent.click(screen.getByRole('button', { name: 'Join the quiz' }));
  await screen.findByText('You are in, Ben');
  act(() => signIn(ana()));
  await screen.findByText('You are in, Ana');
});

test('a seat taken without signing in works for someone who signs in later', async () => {
  seated('Zoe');
  waiting();
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('You are in, Zoe');
  act(() => signIn(ana()));
  await screen.findByText('You are in, Zoe');
});

test('seats kept before there were users with them work for everybody', async () => {
  const seat = { quizId: QUIZ, participantId: 'p_Old', username: 'Old', token: 'pt_Old' };
  localStorage.setItem('scorecast.seats', JSON.stringify([seat]));
  signedIn();
  waiting();
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('You are in, Old');
});

test('a sign-in that runs out takes nobody from the seat', async () => {
  waiting({
    'GET /users/me/performance': refusal(401, 'TOKEN_EXPIRED', 'the token has expired'),
  });
  await anaJoins();
  await userEvent.click(screen.getByRole('link', { name: 'Ana' }));
  await screen.findByText(/Your sign-in has run out/);
  act(() => {
    window.history.pushState(null, '', `/quizzes/${QUIZ}`);
  });
  await screen.findByText('You are in, Ana');
});

test('the list of quizzes tells of one’s own seats alone', async () => {
  waiting();
  await anaJoins();
  await userEvent.click(screen.getByRole('link', { name: 'Scorecast' }));
  await screen.findByText('your seat is kept');
  act(() => signIn(ben()));
  expect(screen.queryByText('your seat is kept')).not.toBeInTheDocument();
});

test('a seat that is lost leaves the others of its quiz alone', async () => {
  waiting({ [`GET /quizzes/${QUIZ}/answers`]: refusal(403, 'NOT_A_PARTICIPANT', 'not in quiz') });
  await anaJoins();
  act(() => signIn(ben()));
  await userEvent.click(await screen.findByRole('button', { name: 'Join the quiz' }));
  await screen.findByText('You are in, Ben');
  await screen.findByText(/Your seat in this quiz is no more/);
  act(() => signIn(ana()));
  await screen.findByText('You are in, Ana');
});
