import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import {
  type Answers,
  frame,
  info,
  noNetwork,
  QUIZ,
  refusal,
  serve,
  signedIn,
  visit,
} from '../../test/world';

const own = (change: object = {}) => ({
  ...info(),
  duration_minutes: 30,
  created_at: '2026-02-02T09:00:00.000Z',
  ended_at: null,
  listed: true,
  self_report: false,
  ...change,
});

const question = (number: number, change: object = {}) => ({
  question_id: `q_${number}`,
  text: `Question ${number}?`,
  options: ['Yes', 'No'],
  points: 10,
  ...change,
});

const desk = (status: string, change: Answers = {}): Answers => ({
  [`GET /admin/quizzes/${QUIZ}`]: own({ status }),
  [`GET /admin/quizzes/${QUIZ}/questions`]: { questions: [question(1)] },
  [`GET /quizzes/${QUIZ}/leaderboard`]: frame(1, { Ana: 30, Ben: 20 }, { status: status as never }),
  ...change,
});

beforeEach(() => {
  signedIn({ sub: 'ada', username: 'Ada', role: 'host' });
});

test('a player is told who they are and how to become a host', async () => {
  signedIn({ sub: 'ben', username: 'Ben' });
  serve({});
  visit('/host');
  await screen.findByText('You are signed in as Ben, who does not run quizzes.');
});

test('a new quiz with a new subject is made in one go', async () => {
  const asked = serve({
    'GET /admin/quizzes': { quizzes: [], total: 0, limit: 100, offset: 0 },
    'GET /subjects': { subjects: [{ subject: 'MATH', name: 'Mathematics' }] },
    'PUT /admin/subjects/BIO': { subject: 'BIO', name: 'Biology' },
    'POST /admin/quizzes': own({ status: 'pending' }),
    ...desk('pending'),
  });
  visit('/host');
  await userEvent.click(await screen.findByRole('button', { name: 'New quiz' }));
  await userEvent.type(screen.getByLabelText('Title'), 'Cells');
  await userEvent.clear(screen.getByLabelText('Minutes'));
  await userEvent.type(screen.getByLabelText('Minutes'), '45');
  await userEvent.selectOptions(screen.getByLabelText('Subject'), 'A new one…');
  await userEvent.type(screen.getByLabelText('Code of the subject'), 'bio');
  await userEvent.type(screen.getByLabelText('Its name'), 'Biology');
  await userEvent.click(screen.getByLabelText('List it on the first page before it begins'));
  await userEvent.click(screen.getByRole('button', { name: 'Make the quiz' }));
  await screen.findByRole('button', { name: 'Start the quiz' });
  const body = (request: string) => asked.find((one) => one.request === request)?.body;
  expect(body('PUT /admin/subjects/BIO')).toEqual({ name: 'Biology' });
  expect(body('POST /admin/quizzes')).toEqual({
    title: 'Cells',
    description: '',
    subject: 'BIO',
    duration_minutes: 45,
    listed: true,
    self_report: false,
  });
});

test('a question goes out as it was typed, without the options that were left empty', async () => {
  const asked = serve(desk('pending', { [`POST /admin/quizzes/${QUIZ}/questions`]: question(2) }));
  visit(`/host/${QUIZ}`);
  await userEvent.type(await screen.findByLabelText('Question'), 'Which planet is red?');
  await userEvent.type(screen.getByLabelText('Option A'), 'Venus');
  await userEvent.type(screen.getByLabelText('Option B'), 'Mars');
  await userEvent.click(screen.getByLabelText('B is right'));
  await userEvent.click(screen.getByRole('button', { name: 'Add the question' }));
  await waitFor(() => expect(screen.getByLabelText('Question')).toHaveValue(''));
  expect(asked.find(({ request }) => request.startsWith('POST'))?.body).toEqual({
    text: 'Which planet is red?',
    options: ['Venus', 'Mars'],
    correct_answer: 1,
    points: 10,
  });
});

test('the right option cannot be an empty one', async () => {
  const asked = serve(desk('pending'));
  visit(`/host/${QUIZ}`);
  await userEvent.type(await screen.findByLabelText('Question'), 'Which planet is red?');
  await userEvent.type(screen.getByLabelText('Option A'), 'Venus');
  await userEvent.type(screen.getByLabelText('Option B'), 'Mars');
  await userEvent.click(screen.getByLabelText('D is right'));
  await userEvent.click(screen.getByRole('button', { name: 'Add the question' }));
  await screen.findByText('The option marked as right is empty');
  expect(asked.filter(({ request }) => request.startsWith('POST'))).toEqual([]);
});

test('an import that breaks off keeps the rest to be tried again', async () => {
  let isBroken = true;
  const added: string[] = [];
  serve(
    desk('pending', {
      [`POST /admin/quizzes/${QUIZ}/questions`]: (body) => {
        const { text } = body as { text: string };
        if (text === 'Two?' && isBroken) return refusal(503, 'UNAVAILABLE', 'try again');
        added.push(text);
        return question(9);
      },
    }),
  );
  visit(`/host/${QUIZ}`);
  await userEvent.click(await screen.findByText('Add many from CSV or JSON'));
  await userEvent.click(screen.getByLabelText('Or paste it'));
  await userEvent.paste('question,a,b,correct\nOne?,x,y,1\nTwo?,x,y,1\nThree?,x,y,2');
  await userEvent.click(screen.getByRole('button', { name: 'Add 3 questions' }));
  await screen.findByText('Try again.');
  isBroken = false;
  await userEvent.click(screen.getByRole('button', { name: 'Add 2 questions' }));
  await screen.findByText('2 questions added');
  expect(added).toEqual(['One?', 'Two?', 'Three?']);
});

test('a question whose reply was lost is not added a second time', async () => {
  const added: object[] = [];
  let isLost = true;
  serve(
    desk('pending', {
      [`GET /admin/quizzes/${QUIZ}/questions`]: () => ({ questions: added }),
      [`POST /admin/quizzes/${QUIZ}/questions`]: (body) => {
        const one = question(added.length, body as object);
        added.push(one);
        if (added.length < 2 || !isLost) return one;
        isLost = false;
        return noNetwork();
      },
    }),
  );
  visit(`/host/${QUIZ}`);
  await userEvent.click(await screen.findByText('Add many from CSV or JSON'));
  await userEvent.click(screen.getByLabelText('Or paste it'));
  await userEvent.paste('question,a,b,correct\nOne?,x,y,1\nTwo?,x,y,1\nThree?,x,y,2');
  await userEvent.click(screen.getByRole('button', { name: 'Add 3 questions' }));
  await screen.findByText('Scorecast cannot be reached.');
  await userEvent.click(await screen.findByRole('button', { name: 'Add 2 questions' }));
  await screen.findByText('1 question added, 1 was there already');
  expect(added).toMatchObject([{ text: 'One?' }, { text: 'Two?' }, { text: 'Three?' }]);
});

test('a seat beyond the first hundred can be reached and removed', async () => {
  const scores = Object.fromEntries(
    Array.from({ length: 230 }, (_, index) => [`Player ${index + 1}`, 1000 - index]),
  );
  const { leaderboard, ...rest } = frame(1, scores);
  const asked = serve(
    desk('started', {
      [`GET /quizzes/${QUIZ}/leaderboard`]: (_, { searchParams }) => {
        const offset = Number(searchParams.get('offset') ?? 0);
        return { ...rest, leaderboard: leaderboard.slice(offset, offset + 100) };
      },
    }),
  );
  visit(`/host/${QUIZ}`);
  await screen.findByText('1–100 of 230 players');
  expect(screen.queryByRole('button', { name: 'Previous 100' })).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Next 100' }));
  await screen.findByText('101–200 of 230 players');
  expect(screen.getByRole('heading', { name: 'Ranking' })).toHaveFocus();
  await userEvent.click(screen.getByRole('button', { name: 'Next 100' }));
  await screen.findByText('201–230 of 230 players');
  expect(screen.queryByRole('button', { name: 'Next 100' })).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Remove Player 230' }));
  await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
  await waitFor(() =>
    expect(asked.map(({ request }) => request)).toContain(
      `DELETE /admin/quizzes/${QUIZ}/participants/p_Player%20230`,
    ),
  );
  await userEvent.click(screen.getByRole('button', { name: 'Previous 100' }));
  await screen.findByText('101–200 of 230 players');
});

test('a seat is removed only after a second word', async () => {
  const asked = serve(
    desk('started', { [`DELETE /admin/quizzes/${QUIZ}/participants/p_Ben`]: {} }),
  );
  visit(`/host/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: 'Remove Ben' }));
  expect(asked.filter(({ request }) => request.startsWith('DELETE'))).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
  await waitFor(() =>
    expect(asked.map(({ request }) => request)).toContain(
      `DELETE /admin/quizzes/${QUIZ}/participants/p_Ben`,
    ),
  );
});

test('while it runs questions cannot change, and it can be ended', async () => {
  serve(desk('started'));
  visit(`/host/${QUIZ}`);
  await screen.findByText('Question 1?');
  expect(screen.queryByText('Add a question')).not.toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'End the quiz' })).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Delete' })).not.toBeInTheDocument();
});

test('after the end the host sees the right answers and can take the results away', async () => {
  const questions = [question(1, { correct_answer: 1 })];
  serve(desk('ended', { [`GET /admin/quizzes/${QUIZ}/questions`]: { questions } }));
  visit(`/host/${QUIZ}`);
  await screen.findByRole('heading', { name: 'Results' });
  const right = await screen.findByText('✓ right');
  expect(right.closest('li')).toHaveTextContent('No');
  expect(screen.getByRole('button', { name: 'Results as CSV' })).toBeInTheDocument();
});

test('a quiz of somebody else cannot be found', async () => {
  serve({ [`GET /admin/quizzes/${QUIZ}`]: refusal(404, 'QUIZ_NOT_FOUND', 'quiz not found') });
  visit(`/host/${QUIZ}`);
  await screen.findByRole('heading', { name: 'You have no such quiz' });
});

test('the big screen says in words where to go and with which code', async () => {
  serve(desk('started'));
  visit(`/host/${QUIZ}/screen`);
  const board = await screen.findByRole('list', { name: 'The first ten' });
  expect(within(board).getAllByRole('listitem')).toHaveLength(2);
  expect(screen.getByText(window.location.host)).toBeInTheDocument();
  expect(screen.getByText(/402.913/)).toBeInTheDocument();
  expect(
    screen.getByRole('img', { name: `QR code of ${window.location.origin}/?join=402913` }),
  ).toBeInTheDocument();
});

test('the ranking can be kept for the end', async () => {
  serve(desk('started'));
  visit(`/host/${QUIZ}/screen`);
  await screen.findByRole('list', { name: 'The first ten' });
  await userEvent.click(screen.getByRole('button', { name: 'Ranking only at the end' }));
  await screen.findByText(/Who leads is shown at the end/);
  expect(screen.queryByText('Ana')).not.toBeInTheDocument();
});
