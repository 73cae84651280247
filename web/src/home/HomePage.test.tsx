import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { frame, info, QUIZ, refusal, seated, serve, visit } from '../../test/world';

const listed = (...quizzes: object[]) => ({
  quizzes,
  total: quizzes.length,
  limit: 50,
  offset: 0,
});

/** A server that has these, newest first, and lists them as it is asked to. */
const quizzes =
  (...all: object[]) =>
  (_: unknown, { searchParams }: URL) => {
    const wanted = searchParams.get('status');
    const passing = all.filter((one) => !wanted || (one as { status: string }).status === wanted);
    return listed(...passing.slice(0, Number(searchParams.get('limit') ?? 50)));
  };

const found = {
  'GET /quizzes': listed(),
  'GET /join/402913': info({ status: 'pending' }),
  [`GET /quizzes/${QUIZ}/info`]: info({ status: 'pending' }),
  [`GET /quizzes/${QUIZ}/leaderboard`]: frame(0, {}, { status: 'pending' }),
};

test('the code from the screen leads to the quiz', async () => {
  serve(found);
  visit('/');
  await userEvent.type(screen.getByLabelText('Code from the screen'), '402 913');
  await userEvent.click(screen.getByRole('button', { name: 'Join' }));
  await screen.findByText('Take a seat');
  expect(window.location.pathname).toBe(`/quizzes/${QUIZ}`);
});

test('a scanned code needs no click', async () => {
  serve(found);
  visit('/?join=402913');
  await screen.findByText('Take a seat');
});

test('a wrong code is told beside the field', async () => {
  serve({ ...found, 'GET /join/111111': refusal(404, 'QUIZ_NOT_FOUND', 'quiz not found') });
  visit('/');
  const code = screen.getByLabelText('Code from the screen');
  await userEvent.type(code, '111111{Enter}');
  await screen.findByText(/Quiz not found\. Compare the code/);
  expect(code).toBeInvalid();
  expect(code).toHaveAccessibleDescription(/Quiz not found/);
});

test('open and finished quizzes are told apart, and one’s own seat is shown', async () => {
  seated();
  serve({
    'GET /quizzes': quizzes(
      info({ title: 'Rivers' }),
      info({ quiz_id: 'quiz_2', title: 'Lakes', status: 'pending' }),
      info({ quiz_id: 'quiz_3', title: 'Seas', status: 'ended' }),
    ),
  });
  visit('/');
  await screen.findByRole('heading', { name: 'Lately finished' });
  expect(screen.getByRole('link', { name: /Rivers/ })).toHaveTextContent('Running');
  expect(screen.getByRole('link', { name: /Rivers/ })).toHaveTextContent('your seat is kept');
  expect(screen.getByRole('link', { name: /Lakes/ })).toHaveTextContent('Waiting');
  expect(screen.getByRole('link', { name: /Seas/ })).toHaveTextContent('Ended');
});

test('a running quiz is found however many newer ones have ended', async () => {
  const newer = Array.from({ length: 120 }, (_, index) =>
    info({ quiz_id: `quiz_ended${index}`, title: `Over ${index}`, status: 'ended' }),
  );
  serve({ 'GET /quizzes': quizzes(...newer, info({ title: 'Rivers' })) });
  visit('/');
  await screen.findByRole('link', { name: /Rivers/ });
  expect(screen.getAllByRole('link', { name: /Over/ })).toHaveLength(10);
});

test('a quiz that starts while the list is asked for is in it once', async () => {
  serve({
    'GET /quizzes': (_: unknown, url: URL) => {
      const status = url.searchParams.get('status');
      return status === 'ended' ? listed() : listed(info({ status }));
    },
  });
  visit('/');
  expect(await screen.findAllByRole('link', { name: /Rivers/ })).toHaveLength(1);
});

test('without an open quiz one reads that and what to do', async () => {
  serve(found);
  visit('/');
  await screen.findByText(/No quiz is open at the moment/);
});

test('an address without a page says so', async () => {
  serve(found);
  visit('/nowhere');
  await waitFor(() => expect(screen.getByText('There is nothing here')).toBeInTheDocument());
});
