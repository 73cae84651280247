import { cleanup, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { refusal, serve, signedIn, socketTo, token, visit } from '../../test/world';

const nothing = { quizzes: [], subjects: [] };

test('a name is enough to sign in as a player', async () => {
  const asked = serve({
    'GET /auth/config': { kind: 'builtin' },
    'POST /auth/login': { token: token({ sub: 'guest:1', username: 'Ana' }), expires_at: '' },
    'GET /users/me/performance': nothing,
  });
  visit('/me');
  await userEvent.type(await screen.findByLabelText('Your name'), 'Ana{Enter}');
  await screen.findByRole('heading', { name: 'Ana' });
  expect(asked.find(({ request }) => request === 'POST /auth/login')?.body).toEqual({
    username: 'Ana',
  });
  await socketTo('/ws/leaderboard/');
});

test('a host needs the password, and is told when it is wrong', async () => {
  const asked = serve({
    'GET /auth/config': { kind: 'builtin' },
    'POST /auth/login': (body) =>
      (body as { password: string }).password === 'open sesame'
        ? { token: token({ sub: 'ada', username: 'Ada', role: 'host' }) }
        : refusal(401, 'UNAUTHENTICATED', 'wrong password'),
    'GET /admin/quizzes': { quizzes: [], total: 0, limit: 100, offset: 0 },
  });
  visit('/host');
  await userEvent.type(await screen.findByLabelText('Your name'), 'Ada');
  await userEvent.type(screen.getByLabelText('Host password'), 'guess{Enter}');
  await screen.findByText('Wrong password.');
  await userEvent.clear(screen.getByLabelText('Host password'));
  await userEvent.type(screen.getByLabelText('Host password'), 'open sesame{Enter}');
  await screen.findByRole('heading', { name: 'Your quizzes' });
  expect(asked.findLast(({ request }) => request === 'POST /auth/login')?.body).toMatchObject({
    role: 'host',
  });
});

test('an organisation’s sign-in is a way there and back to this very page', async () => {
  serve({
    'GET /auth/config': {
      kind: 'external',
      sign_in_url: 'https://school.example/login?app=quiz',
      token_url: 'https://school.example/token',
    },
    'GET /token': new Response('', { status: 401 }),
  });
  visit('/host');
  const link = await screen.findByRole('link', { name: 'Sign in' });
  expect(link).toHaveAttribute('href', 'https://school.example/login?app=quiz&return_to=%2Fhost');
});

/** An organisation that knows who sits here. */
const knownThere = () => ({
  'GET /auth/config': {
    kind: 'external',
    sign_in_url: 'https://school.example/login',
    token_url: 'https://school.example/token',
  },
  'GET /token': { token: token({ sub: 'ana', name: 'Ana of 9b' }) },
  'GET /users/me/performance': nothing,
});

test('who comes back from there is signed in', async () => {
  serve(knownThere());
  visit('/me');
  await screen.findByRole('heading', { name: 'Ana of 9b' });
});

test('who signs out there is not signed in again unasked, not even on the next visit', async () => {
  const asked = serve(knownThere());
  const { cache } = visit('/me');
  await userEvent.click(await screen.findByRole('button', { name: 'Sign out' }));
  const link = await screen.findByRole('link', { name: 'Sign in' });
  expect(cache.getQueryData(['sign-in', 'token'])).toBeUndefined();
  cleanup();
  visit('/me');
  await screen.findByRole('link', { name: 'Sign in' });
  expect(asked.filter(({ request }) => request === 'GET /token')).toHaveLength(1);
  expect(link).toHaveAttribute('href', expect.stringContaining('https://school.example/login'));
});

test('who goes there after signing out comes back signed in', async () => {
  serve(knownThere());
  visit('/me');
  await userEvent.click(await screen.findByRole('button', { name: 'Sign out' }));
  const link = await screen.findByRole('link', { name: 'Sign in' });
  link.addEventListener('click', (event) => event.preventDefault());
  await userEvent.click(link);
  cleanup();
  visit('/me');
  await screen.findByRole('heading', { name: 'Ana of 9b' });
});

test('where there is no sign-in one can paste a token', async () => {
  serve({ 'GET /admin/quizzes': { quizzes: [], total: 0, limit: 100, offset: 0 } });
  visit('/host');
  const field = await screen.findByLabelText('Token');
  await userEvent.type(field, 'nonsense{Enter}');
  await screen.findByText('This is not a token');
  await userEvent.clear(field);
  await userEvent.click(field);
  await userEvent.paste(token({ sub: 'ada', role: 'host' }));
  await userEvent.keyboard('{Enter}');
  await screen.findByRole('heading', { name: 'Your quizzes' });
});

test('signing out ends the connection and forgets what was private', async () => {
  signedIn();
  serve({ 'GET /users/me/performance': nothing, 'GET /auth/config': { kind: 'builtin' } });
  const { cache } = visit('/me');
  const socket = await socketTo('/ws/leaderboard/');
  await screen.findByText(/You have not finished a quiz yet/);
  await userEvent.click(screen.getByRole('button', { name: 'Sign out' }));
  await screen.findByRole('heading', { name: 'Sign in' });
  expect(socket.closed).toEqual({ code: 1000, reason: 'sign-out' });
  await waitFor(() => expect(cache.getQueryData(['me'])).toBeUndefined());
});

test('a sign-in that has run out says so and shows the way', async () => {
  signedIn();
  serve({
    'GET /users/me/performance': refusal(401, 'TOKEN_EXPIRED', 'the token has expired'),
    'GET /auth/config': { kind: 'builtin' },
  });
  visit('/me');
  await screen.findByText(/Your sign-in has run out/);
});
