/** Those who are signed in: their socket, the subjects, their own results. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connection, eventually, rows, sees, seesNoMore } from '../lib/expect.mjs';
import { startServers } from '../lib/servers.mjs';

/** What a page says on the leaderboard socket, as it says it. */
function overhear(page) {
  const said = [];
  page.on('websocket', (socket) => {
    if (!socket.url().includes('/ws/leaderboard')) return;
    socket.on('framesent', ({ payload }) => said.push(JSON.parse(payload)));
  });
  return said;
}

export const signedIn = [
  [
    'a guest signs in with a name, is live, and signs out',
    async (world) => {
      const page = await world.somebody();
      await page.goto('/me');
      await page.getByLabel('Your name').fill('Zoë');
      await page.keyboard.press('Enter');
      await sees(page, 'You have not finished a quiz yet');
      await eventually(() => connection(page), 'Live');
      await page.reload();
      await eventually(() => connection(page), 'Live');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Your name').waitFor();
    },
  ],
  [
    'a host signs in with the password, and only with it',
    async (world) => {
      const page = await world.somebody();
      await page.goto('/host');
      await page.getByLabel('Your name').fill('Ada');
      await page.getByLabel('Host password').fill('a guess');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Host password').fill(world.servers.hostPassword);
      await page.keyboard.press('Enter');
      await sees(page, 'Your quizzes');
    },
  ],
  [
    'a watcher who is signed in subscribes on entering and unsubscribes on leaving',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const ana = await quiz.seat('Ana');
      const page = await world.user('ben');
      const said = overhear(page);
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await sees(page, 'You follow Rivers live');
      assert.deepEqual(said, [{ type: 'subscribe_quiz', quiz_id: quiz.quiz_id }]);
      await quiz.answer(ana, 1);
      await eventually(() => rows(page), ['1 Ana 10']);
      await page.getByRole('link', { name: 'Scorecast' }).click();
      await eventually(async () => said.at(-1), {
        type: 'unsubscribe_quiz',
        quiz_id: quiz.quiz_id,
      });
    },
  ],
  [
    'a subject’s board refreshes on an upload, and the upload is told for five seconds',
    async (world) => {
      await world.subject('GEO', 'Geography');
      const quiz = await world.quiz({ subject: 'GEO' });
      const page = await world.user('ana');
      await page.goto('/leaderboard?subject=GEO');
      await eventually(() => connection(page), 'Live');
      await quiz.upload({ user_id: 'zoe', username: 'Zoe', score: 20, duration_seconds: 61 });
      await sees(page, 'Zoe finished with 20 points in Geography');
      await eventually(
        () => rows(page, 'Leaderboard of Geography').then((list) => list.includes('1 Zoe 20')),
        true,
      );
      await seesNoMore(page, 'Zoe finished with 20 points in Geography');
    },
  ],
  [
    'the own results refresh when a quiz ends, and lead to the subject’s board',
    async (world) => {
      await world.subject('BIO', 'Biology');
      const quiz = await world.quiz({ title: 'Cells', subject: 'BIO', isStarted: true });
      const page = await world.user('ida');
      await page.goto(quiz.path);
      await page.getByRole('button', { name: 'Join the quiz' }).click();
      await page.getByRole('button', { name: 'Right 1' }).click();
      await sees(page, /✓ Right!/);
      const results = await page.context().newPage();
      await results.goto('/me');
      await sees(results, 'You have not finished a quiz yet');
      await eventually(() => connection(results), 'Live');
      await quiz.end();
      await sees(page, 'You came 1st of 1');
      await results.getByRole('row', { name: /Cells/ }).waitFor();
      await results.getByRole('link', { name: 'Biology' }).click();
      await sees(results, 'Leaderboard');
      await eventually(() => rows(results, 'Leaderboard of Biology'), ['1 ida 10']);
      await results.getByText('you', { exact: true }).waitFor();
    },
  ],
  [
    'a token that runs out while the page is open: sign in again, and all goes on',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      await quiz.seat('Ana');
      const page = await world.user('ben', { exp: Math.floor(Date.now() / 1000) + 12 });
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await sees(page, 'Your sign-in has run out');
      assert.deepEqual(await rows(page), ['1 Ana 0'], 'what is known stays');
      await page.getByRole('link', { name: 'Sign in again' }).click();
      await page.getByLabel('Your name').fill('Ben');
      await page.keyboard.press('Enter');
      await eventually(() => connection(page), 'Live');
    },
  ],
  [
    'the same person on another device gets the same seat',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const phone = await world.user('kim');
      await phone.goto(quiz.path);
      await phone.getByRole('button', { name: 'Join the quiz' }).click();
      await phone.getByRole('button', { name: 'Right 1' }).click();
      await sees(phone, /✓ Right!/);
      const laptop = await world.user('kim');
      await laptop.goto(quiz.path);
      await sees(laptop, 'Question 2 of 3');
      await eventually(() => rows(laptop), ['1 kim 10']);
    },
  ],
  [
    'an organisation signs its people in, and its tokens are renewed without a word',
    async (world) => {
      const school = await startSchool();
      const servers = await startServers({
        SIGN_IN: 'external',
        SIGN_IN_URL: `${school.url}/login`,
        SIGN_IN_TOKEN_URL: `${school.url}/token`,
      });
      try {
        school.serves(servers);
        const page = await world.somebody({ baseURL: servers.url });
        const sockets = [];
        page.on('websocket', (socket) => sockets.push(socket));
        await page.goto('/me');
        await page.getByRole('link', { name: 'Sign in' }).click();
        await page.getByRole('heading', { name: 'Ana of 9b' }).waitFor();
        assert.equal(new URL(page.url()).pathname, '/me');
        await eventually(() => connection(page), 'Live');
        // The first token runs out; the socket is closed for it and comes back with the next one.
        await eventually(async () => sockets.length > 1 && school.tokens > 1, true);
        await eventually(() => connection(page), 'Live');
        assert.equal(await page.getByText('run out').count(), 0);
      } finally {
        await servers.close();
        school.close();
      }
    },
  ],
];

/** A sign-in service: knows its people by a cookie and gives tokens that live for seconds. */
async function startSchool() {
  let servers;
  const school = { tokens: 0 };
  const server = createServer((request, response) => {
    const url = new URL(request.url, school.url);
    if (url.pathname === '/login') {
      const back = servers.url + url.searchParams.get('return_to');
      response.writeHead(302, { location: back, 'set-cookie': 'person=ana; Path=/; HttpOnly' });
      return response.end();
    }
    const isKnown = /person=ana/.test(request.headers.cookie ?? '');
    response.writeHead(isKnown ? 200 : 401, {
      'content-type': 'application/json',
      'access-control-allow-origin': servers.url,
      'access-control-allow-credentials': 'true',
    });
    if (!isKnown) return response.end();
    school.tokens++;
    const exp = Math.floor(Date.now() / 1000) + 8;
    return response.end(
      JSON.stringify({ token: servers.token({ sub: 'ana@school', name: 'Ana of 9b', exp }) }),
    );
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  school.url = `http://127.0.0.1:${server.address().port}`;
  school.serves = (which) => {
    servers = which;
  };
  school.close = () => server.close();
  return school;
}
