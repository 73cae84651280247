import type { QuizFrame } from '@scorecast/client';
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { signOut } from '@/auth/session';
import {
  type Answers,
  type FakeSocket,
  frame,
  info,
  noNetwork,
  QUIZ,
  refusal,
  seated,
  serve,
  signedIn,
  socketTo,
  visit,
} from '../../test/world';

const QUESTIONS = {
  quiz_id: QUIZ,
  questions: [
    { question_id: 'q_1', text: 'Which is the longest?', options: ['Nile', 'Rhine'], points: 10 },
    { question_id: 'q_2', text: 'And the widest?', options: ['Amazon', 'Thames'], points: 15 },
  ],
};

const running = (change: Answers = {}): Answers => ({
  [`GET /quizzes/${QUIZ}/info`]: info(),
  [`GET /quizzes/${QUIZ}/leaderboard`]: frame(1, { Ben: 20, Ana: 6 }),
  [`GET /quizzes/${QUIZ}/questions`]: QUESTIONS,
  [`GET /quizzes/${QUIZ}/answers`]: { quiz_id: QUIZ, answers: [] },
  ...change,
});

const right = { correct: true, points_earned: 10, total_score: 16, version: 2 };

afterEach(() => {
  window.dispatchEvent(new Event('online'));
});

/** The page gets the focus again, and with it asks for what it shows. */
function comeBack(): void {
  act(() => void window.dispatchEvent(new Event('visibilitychange')));
}

/** The rows around Ana, who is far from the top. */
function near(version: number, rank: number): QuizFrame {
  const leaderboard = [
    { participant_id: 'p_Zoe', username: 'Zoe', score: 9, rank: rank - 1 },
    { participant_id: 'p_Ana', username: 'Ana', score: 6, rank },
  ];
  return { ...frame(version, {}), leaderboard };
}

/** A server whose first rows Ana is not among. */
const crowded = (version: number, rank: number): Answers =>
  running({
    [`GET /quizzes/${QUIZ}/leaderboard`]: (_, url) =>
      url.searchParams.has('around')
        ? near(version, rank)
        : frame(version, { Ben: 20 }, { total_participants: 300 }),
  });

const ownPlace = () =>
  within(screen.getByRole('list', { name: 'Your position' })).getByRole('listitem').firstChild;

/** Whether the ranking is shown as of an earlier moment than now. */
const isGrey = () => screen.getByRole('list', { name: 'Ranking' }).closest('.board-past') !== null;

async function opened(): Promise<FakeSocket> {
  const socket = await socketTo('/ws?participant_id=p_Ana');
  act(() => void socket.accepts());
  return socket;
}

test('a visitor reads what it is about and joins with a name', async () => {
  const asked = serve(
    running({
      [`POST /quizzes/${QUIZ}/join`]: {
        participant_id: 'p_Ana',
        quiz_id: QUIZ,
        username: 'Ana',
        participant_token: 'pt_secret',
      },
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await screen.findByRole('heading', { name: 'Rivers' });
  await screen.findByText('Already running, you can still join');
  await userEvent.type(screen.getByLabelText('Your name on the board'), ' Ana {Enter}');
  await screen.findByText('Which is the longest?');
  const joining = asked.find(({ request }) => request === `POST /quizzes/${QUIZ}/join`);
  expect(joining?.body).toMatchObject({ username: 'Ana' });
  const reading = asked.find(({ request }) => request === `GET /quizzes/${QUIZ}/questions`);
  expect(reading?.token).toBe('Bearer pt_secret');
});

test('joining again after a lost reply asks for the same seat', async () => {
  const tries = vi.fn();
  serve(
    running({
      [`POST /quizzes/${QUIZ}/join`]: (body) => {
        tries((body as { join_id: string }).join_id);
        return noNetwork();
      },
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await userEvent.type(await screen.findByLabelText('Your name on the board'), 'Ana');
  for (const times of [1, 2]) {
    await userEvent.click(screen.getByRole('button', { name: 'Join the quiz' }));
    await screen.findByText('Scorecast cannot be reached.');
    expect(tries).toHaveBeenCalledTimes(times);
  }
  expect(tries.mock.calls[0]).toEqual(tries.mock.calls[1]);
});

test('a taken name is said beside the field', async () => {
  serve(
    running({
      [`POST /quizzes/${QUIZ}/join`]: refusal(409, 'USERNAME_TAKEN', 'this name is taken'),
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  const name = await screen.findByLabelText('Your name on the board');
  await userEvent.type(name, 'Ben{Enter}');
  await screen.findByText(/Somebody here has this name already/);
  expect(name).toBeInvalid();
});

test('an answer gets its verdict at once, and the next question waits', async () => {
  seated();
  serve(running({ [`POST /quizzes/${QUIZ}/answer`]: right }));
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: /Nile/ }));
  await screen.findByText('✓ Right! 10 points for you.');
  expect(screen.getByRole('button', { name: /Rhine/ })).toBeDisabled();
  await userEvent.click(screen.getByRole('button', { name: 'Next question' }));
  expect(screen.getByText('And the widest?')).toBeInTheDocument();
  expect(screen.getByText('Question 2 of 2')).toBeInTheDocument();
});

test('a verdict stays when what was read before it comes late', async () => {
  seated();
  const answered = { question_id: 'q_1', answer_index: 0, correct: true, points_earned: 10 };
  let arrives = (_: object) => {};
  const reads = [
    { quiz_id: QUIZ, answers: [] },
    new Promise<object>((resolve) => {
      arrives = resolve;
    }),
    { quiz_id: QUIZ, answers: [answered] },
  ];
  const read = vi.fn(() => reads[read.mock.calls.length - 1] ?? {});
  serve(
    running({
      [`GET /quizzes/${QUIZ}/answers`]: read,
      [`POST /quizzes/${QUIZ}/answer`]: right,
    }),
  );
  const { cache } = visit(`/quizzes/${QUIZ}`);
  await opened();
  const nile = await screen.findByRole('button', { name: /Nile/ });
  comeBack();
  await waitFor(() => expect(read).toHaveBeenCalledTimes(2));
  await userEvent.click(nile);
  await screen.findByText(/✓ Right!/);
  await act(async () => arrives({ quiz_id: QUIZ, answers: [] }));
  await waitFor(() => expect(cache.isFetching()).toBe(0));
  expect(screen.getByText(/✓ Right!/)).toBeInTheDocument();
});

test('a wrong answer is told by sign and words, and the right one stays secret', async () => {
  seated();
  serve(
    running({ [`POST /quizzes/${QUIZ}/answer`]: { ...right, correct: false, points_earned: 0 } }),
  );
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: /Rhine/ }));
  await screen.findByText('✕ Not this time.');
  expect(screen.getByRole('button', { name: /Nile/ })).not.toHaveTextContent('✓');
});

test('an answer whose reply was lost is sent again as the same one', async () => {
  seated();
  const tries: unknown[] = [];
  serve(
    running({
      [`POST /quizzes/${QUIZ}/answer`]: (body) => {
        tries.push(body);
        return tries.length === 1 ? noNetwork() : right;
      },
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: /Nile/ }));
  await screen.findByText(/✓ Right!/, {}, { timeout: 5000 });
  expect(tries).toHaveLength(2);
  expect(tries[0]).toEqual(tries[1]);
  expect(tries[0]).toMatchObject({ participant_id: 'p_Ana', question_id: 'q_1', answer_index: 0 });
});

test('a question can be left for later', async () => {
  seated();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  await userEvent.click(await screen.findByRole('button', { name: 'Skip for now' }));
  expect(screen.getByText('And the widest?')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Skip for now' }));
  expect(screen.getByText('Which is the longest?')).toBeInTheDocument();
});

test('after a refresh one goes on where one was', async () => {
  seated();
  const answers = [{ question_id: 'q_1', answer_index: 0, correct: true, points_earned: 10 }];
  serve(running({ [`GET /quizzes/${QUIZ}/answers`]: { quiz_id: QUIZ, answers } }));
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('And the widest?');
});

test('the board and the own standing move with each push', async () => {
  seated();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 })));
  const standing = within(await screen.findByRole('region', { name: 'Your standing' }));
  expect(standing.getByText('14 points behind Ben')).toBeInTheDocument();
  act(() => socket.says(frame(3, { Ana: 30, Ben: 20 })));
  await standing.findByText('You lead!');
  const ranking = screen.getByRole('list', { name: 'Ranking' });
  expect(within(ranking).getAllByRole('listitem')[0]).toHaveTextContent('Ana');
});

test('the board moves, too, when only what changed is told', async () => {
  seated();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  expect(socket.url).toContain('deltas=1');
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 })));
  const you = { participant_id: 'p_Ana', score: 30, rank: 1, version: 3 };
  const changed = { quiz_id: QUIZ, base: 2, version: 3, epoch: 1, timestamp: null, you };
  act(() => socket.says({ ...changed, rows: [[0, 1, 30]] }));
  const standing = within(await screen.findByRole('region', { name: 'Your standing' }));
  await standing.findByText('You lead!');
  const ranking = screen.getByRole('list', { name: 'Ranking' });
  expect(within(ranking).getAllByRole('listitem')[0]).toHaveTextContent('Ana');
});

test('a screen reader hears the own change, in one sentence and in peace', async () => {
  seated();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 })));
  await screen.findByRole('region', { name: 'Your standing' });
  vi.useFakeTimers();
  act(() => socket.says(frame(3, { Ana: 30, Ben: 20 })));
  act(() => vi.advanceTimersByTime(5000));
  expect(screen.getByText('You are number 1 of 2, up 1')).toBeInTheDocument();
  act(() => socket.says(frame(4, { Ben: 40, Ana: 30 })));
  act(() => vi.advanceTimersByTime(4000));
  expect(screen.getByText('You are number 1 of 2, up 1')).toBeInTheDocument();
  act(() => vi.advanceTimersByTime(1000));
  expect(screen.getByText('You are number 2 of 2, down 1')).toBeInTheDocument();
});

test('who is not among the rows stands below them, with the gap to the next one up', async () => {
  seated();
  serve(crowded(9, 120));
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  const you = { participant_id: 'p_Ana', score: 6, rank: 120, version: 9 };
  act(() => socket.says(frame(9, { Ben: 20 }, { you, total_participants: 300 })));
  const below = await screen.findByRole('list', { name: 'Your position' });
  expect(within(below).getByText('120')).toBeInTheDocument();
  await screen.findByText('3 points behind Zoe');
});

test('who is not among the rows sees the own place also where sockets do not get through', async () => {
  seated();
  serve(crowded(9, 140));
  visit(`/quizzes/${QUIZ}`);
  const standing = within(await screen.findByRole('region', { name: 'Your standing' }));
  expect(standing.getByText('140')).toBeInTheDocument();
  expect(standing.getByText('of 300')).toBeInTheDocument();
  expect(standing.getByText('3 points behind Zoe')).toBeInTheDocument();
  expect(ownPlace()).toHaveTextContent('140');
});

test('the own place is of the newer of what was pushed and what was asked for', async () => {
  seated();
  const answers = crowded(8, 125);
  serve(answers);
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  const you = { participant_id: 'p_Ana', score: 6, rank: 120, version: 9 };
  act(() => socket.says(frame(9, { Ben: 20 }, { you })));
  await screen.findByText('3 points behind Zoe');
  expect(ownPlace()).toHaveTextContent('120');
  act(() => socket.breaks());
  Object.assign(answers, crowded(12, 118));
  comeBack();
  await waitFor(() => expect(ownPlace()).toHaveTextContent('118'));
});

test('what is known stays on screen when the connection goes, with its time', async () => {
  seated();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 })));
  await waitFor(() => expect(screen.getByTestId('connection')).toHaveTextContent('Live'));
  act(() => socket.breaks());
  expect(screen.getByTestId('connection')).toHaveTextContent('Reconnecting, attempt 1 of 5');
  expect(screen.getByText(/^as of \d\d:\d\d:\d\d$/)).toBeInTheDocument();
  expect(screen.getByRole('list', { name: 'Ranking' })).toHaveTextContent('Ben');
});

test('scores that stand still are told as such', async () => {
  seated();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 }, { stale: true })));
  await screen.findByText('Connected, but the scores stand still');
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 })));
  await screen.findByText('Live');
});

test('a feed that stands still is told as such, whatever is asked for elsewhere', async () => {
  seated();
  const asked = serve(running({ [`GET /quizzes/${QUIZ}/leaderboard`]: frame(2, { Ana: 6 }) }));
  const { cache } = visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  act(() => socket.says(frame(2, { Ana: 6 }, { stale: true })));
  await screen.findByText('Connected, but the scores stand still');
  const reads = () => asked.filter(({ request }) => request.endsWith('/leaderboard')).length;
  const before = reads();
  comeBack();
  await waitFor(() => expect(reads()).toBeGreaterThan(before));
  await waitFor(() => expect(cache.isFetching()).toBe(0));
  expect(screen.getByTestId('connection')).toHaveTextContent(/stand still/);
  expect(isGrey()).toBe(true);
});

test('a feed that stood still is of no account once the board is asked for', async () => {
  signedIn();
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  const data = frame(2, { Ben: 20 }, { stale: true });
  act(() => socket.says({ type: 'quiz_leaderboard_updated', data }));
  await screen.findByText('Connected, but the scores stand still');
  act(() => signOut());
  await screen.findByText('Checked every 5 s');
  expect(isGrey()).toBe(false);
});

test('a watcher who asks is told when no answer comes, and of which time the board is', async () => {
  let isThere = true;
  serve(
    running({
      [`GET /quizzes/${QUIZ}/leaderboard`]: () => (isThere ? frame(1, { Ben: 20 }) : noNetwork()),
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('Checked every 5 s');
  isThere = false;
  comeBack();
  await screen.findByText('Disconnected');
  expect(screen.getByText(/^as of \d\d:\d\d:\d\d$/)).toBeInTheDocument();
  expect(screen.getByRole('list', { name: 'Ranking' })).toHaveTextContent('Ben');
  expect(isGrey()).toBe(true);
  isThere = true;
  comeBack();
  await screen.findByText('Checked every 5 s');
  expect(isGrey()).toBe(false);
});

test('a watcher who asks is told to be offline, until the network is back', async () => {
  serve(running());
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('Checked every 5 s');
  act(() => void window.dispatchEvent(new Event('offline')));
  comeBack();
  await screen.findByText('You are offline');
  expect(isGrey()).toBe(true);
  act(() => void window.dispatchEvent(new Event('online')));
  await screen.findByText('Checked every 5 s');
  expect(isGrey()).toBe(false);
});

test('a signed-in watcher subscribes on entering and unsubscribes on leaving', async () => {
  signedIn();
  serve(running({ 'GET /quizzes': { quizzes: [], total: 0, limit: 50, offset: 0 } }));
  visit(`/quizzes/${QUIZ}`);
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  await waitFor(() =>
    expect(socket.sent).toContainEqual({ type: 'subscribe_quiz', quiz_id: QUIZ }),
  );
  act(() => socket.says({ type: 'quiz_leaderboard_updated', data: frame(5, { Cleo: 50 }) }));
  await screen.findByText('Cleo');
  await userEvent.click(screen.getByRole('link', { name: 'Scorecast' }));
  await waitFor(() =>
    expect(socket.sent).toContainEqual({ type: 'unsubscribe_quiz', quiz_id: QUIZ }),
  );
});

test('leaving the page says goodbye on the seat’s socket', async () => {
  seated();
  serve(running({ 'GET /quizzes': { quizzes: [], total: 0, limit: 50, offset: 0 } }));
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  await userEvent.click(screen.getByRole('link', { name: 'Scorecast' }));
  await waitFor(() => expect(socket.closed).toMatchObject({ code: 1000 }));
});

test('a quiz that begins while one waits begins by itself', async () => {
  seated();
  let status = 'pending';
  serve(
    running({
      [`GET /quizzes/${QUIZ}/info`]: () => info({ status }),
      [`GET /quizzes/${QUIZ}/leaderboard`]: () => frame(1, { Ana: 0 }, { status: 'pending' }),
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('You are in, Ana');
  const socket = await opened();
  status = 'started';
  act(() => socket.says(frame(2, { Ana: 0 })));
  await screen.findByText('Which is the longest?');
});

test('a quiz that is started again begins again, however soon after its end', async () => {
  seated();
  const FIRST = '2026-02-02T10:00:00.000Z';
  const AGAIN = '2026-02-02T10:30:00.000Z';
  const reads = [info({ started_at: FIRST }), new Promise<object>(() => {})];
  const answers = QUESTIONS.questions.map(({ question_id }) => ({
    question_id,
    answer_index: 0,
    correct: true,
    points_earned: 10,
    answered_at: null,
  }));
  let read = 0;
  serve(
    running({
      [`GET /quizzes/${QUIZ}/info`]: () => reads[read++] ?? info({ started_at: AGAIN }),
      [`GET /quizzes/${QUIZ}/answers`]: () => ({ quiz_id: QUIZ, answers: read < 3 ? answers : [] }),
    }),
  );
  const { cache } = visit(`/quizzes/${QUIZ}`);
  await screen.findByText('All answered');
  const socket = await opened();
  const you = { participant_id: 'p_Ana', score: 6, rank: 2, version: 1 };
  act(() => socket.says(frame(2, { Ben: 20, Ana: 6 }, { you, status: 'ended' })));
  await screen.findByText('Ended');
  act(() => {
    // The end is read and the new start heard before the page is drawn again.
    cache.setQueryData(['quiz', QUIZ, 'info'], info({ status: 'ended', started_at: FIRST }));
    socket.says(frame(3, { Ben: 0, Ana: 0 }, { you }));
  });
  await screen.findByText('Question 1 of 2');
});

test('after the end one reads how it went', async () => {
  seated();
  serve(
    running({
      [`GET /quizzes/${QUIZ}/info`]: info({ status: 'ended' }),
      [`GET /quizzes/${QUIZ}/leaderboard`]: frame(9, { Ben: 20, Ana: 6 }, { status: 'ended' }),
      [`GET /quizzes/${QUIZ}/performance`]: {
        rank: 2,
        total_participants: 40,
        percentile: 97.5,
        answered: 6,
        correct: 5,
        duration_seconds: 312,
      },
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await screen.findByRole('heading', { name: 'You came 2nd of 40' });
  expect(screen.getByText('5 of 6')).toBeInTheDocument();
  expect(screen.getByText('5 min 12 s')).toBeInTheDocument();
  expect(screen.getByText('97.5 %')).toBeInTheDocument();
});

test('an unknown quiz is said to be unknown', async () => {
  serve({ [`GET /quizzes/${QUIZ}/info`]: refusal(404, 'QUIZ_NOT_FOUND', 'quiz not found') });
  visit(`/quizzes/${QUIZ}`);
  await screen.findByRole('heading', { name: 'There is no such quiz' });
});

test('a server that cannot be reached is said so, with a way to try again', async () => {
  let isThere = false;
  serve(running({ [`GET /quizzes/${QUIZ}/info`]: () => (isThere ? info() : noNetwork()) }));
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('Scorecast cannot be reached.');
  isThere = true;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await screen.findByRole('heading', { name: 'Rivers' });
});

test('a signed-in person who has a seat from another device sits in it here too', async () => {
  signedIn();
  const asked = serve(
    running({
      [`GET /quizzes/${QUIZ}/performance`]: { participant_id: 'p_Ana', username: 'Ana' },
      [`POST /quizzes/${QUIZ}/join`]: {
        participant_id: 'p_Ana',
        quiz_id: QUIZ,
        username: 'Ana',
        participant_token: 'pt_secret',
      },
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  await screen.findByText('Which is the longest?');
  const joining = asked.find(({ request }) => request.endsWith('/join'));
  expect(joining?.token).toMatch(/^Bearer e30\./);
});

test('a seat that the host removed is given up with a word, and not taken again unasked', async () => {
  signedIn();
  seated();
  const gone = refusal(403, 'NOT_A_PARTICIPANT', 'participant not in quiz');
  const asked = serve(
    running({
      [`GET /quizzes/${QUIZ}/answers`]: gone,
      [`GET /quizzes/${QUIZ}/leaderboard`]: frame(2, { Ben: 20 }),
    }),
  );
  visit(`/quizzes/${QUIZ}`);
  const socket = await opened();
  act(() => socket.says(frame(2, { Ben: 20 })));
  await screen.findByText(/Your seat in this quiz is no more/);
  await screen.findByLabelText('Your name on the board');
  expect(asked.map(({ request }) => request)).not.toContain(`POST /quizzes/${QUIZ}/join`);
});
