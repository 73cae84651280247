import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { signIn } from '@/auth/session';
import {
  type Answers,
  frame,
  givesSeats,
  info,
  QUIZ,
  refusal,
  serve,
  signedIn,
  token,
  visit,
} from '../../test/world';

const JOIN = `POST /quizzes/${QUIZ}/join`;

const waiting = (change: Answers = {}): Answers => ({
  [`GET /quizzes/${QUIZ}/info`]: info({ status: 'pending' }),
  [`GET /quizzes/${QUIZ}/leaderboard`]: frame(1, { Ben: 0 }, { status: 'pending' }),
  [JOIN]: givesSeats,
  ...change,
});

const join = async () =>
  userEvent.click(await screen.findByRole('button', { name: 'Join the quiz' }));

/** Longer than a token lasts. */
function twoHoursPass() {
  const later = Date.now() + 7_200_000;
  vi.spyOn(Date, 'now').mockReturnValue(later);
}

afterEach(() => vi.restoreAllMocks());

test('a sign-in that ran out unnoticed is told, and nobody joins as nobody', async () => {
  signedIn();
  const asked = serve(waiting());
  visit(`/quizzes/${QUIZ}`);
  await screen.findByRole('button', { name: 'Join the quiz' });
  twoHoursPass();
  await join();
  await screen.findByText(/You are no longer signed in/);
  expect(screen.getByRole('link', { name: 'To the sign-in' })).toHaveAttribute('href', '/me');
  expect(screen.queryByRole('button', { name: 'Join the quiz' })).not.toBeInTheDocument();
  expect(asked.map(({ request }) => request)).not.toContain(JOIN);
});

test('a token that the server refuses is told in the same way', async () => {
  signedIn();
  serve(waiting({ [JOIN]: refusal(401, 'TOKEN_EXPIRED', 'the token has expired') }));
  visit(`/quizzes/${QUIZ}`);
  await join();
  await screen.findByText(/You are no longer signed in/);
});

test('who is no longer signed in can still choose to join without', async () => {
  signedIn();
  const asked = serve(waiting());
  visit(`/quizzes/${QUIZ}`);
  await screen.findByRole('button', { name: 'Join the quiz' });
  twoHoursPass();
  await join();
  await userEvent.click(await screen.findByRole('button', { name: 'Go on without' }));
  await userEvent.type(screen.getByLabelText('Your name on the board'), 'Zoe');
  await join();
  await screen.findByText('You are in, Zoe');
  expect(asked.filter(({ request }) => request === JOIN)).toMatchObject([{ token: null }]);
});

test('the form begins anew for another user', async () => {
  signedIn();
  serve(waiting());
  visit(`/quizzes/${QUIZ}`);
  expect(await screen.findByLabelText('Your name on the board')).toHaveValue('Ana');
  act(() => signIn(token({ sub: 'ben', username: 'Ben' })));
  expect(screen.getByLabelText('Your name on the board')).toHaveValue('Ben');
});

test('a full storage does not keep anybody from joining', async () => {
  serve(waiting());
  visit(`/quizzes/${QUIZ}`);
  await userEvent.type(await screen.findByLabelText('Your name on the board'), 'Ana');
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('it is full', 'QuotaExceededError');
  });
  await join();
  await screen.findByText('You are in, Ana');
});
