/** Those who use the page in a check: each in a browser context of their own. */

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE_MS = 20_000;

/** What a browser says of its own accord when a server is away; everything else is a complaint. */
const EXPECTED = [
  /net::ERR_/,
  /WebSocket connection to .* failed/,
  /Failed to load resource: the server responded with a status of (401|403|404|409|503|504)/,
];

/** People for one check; `leave` sends all of them home. */
export function people(browser, servers) {
  const contexts = [];
  const pages = [];
  const complaints = [];

  /** Somebody with a browser; options are Playwright's, and `token` for one who is signed in. */
  async function somebody({ token, seat, ...options } = {}) {
    const context = await browser.newContext({
      baseURL: servers.url,
      viewport: { width: 1100, height: 760 },
      ...options,
    });
    contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(
      ([token, seat]) => {
        if (token && !localStorage.getItem('scorecast.session')) {
          localStorage.setItem('scorecast.session', JSON.stringify({ token, tokenUrl: null }));
        }
        if (seat && !localStorage.getItem('scorecast.seats')) {
          localStorage.setItem('scorecast.seats', JSON.stringify([seat]));
        }
      },
      [token, seat],
    );
    const page = await context.newPage();
    pages.push(page);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      const isTrouble = ['error', 'warning'].includes(message.type());
      if (isTrouble && !EXPECTED.some((pattern) => pattern.test(message.text()))) {
        complaints.push(message.text());
      }
    });
    return page;
  }

  const hostToken = () => servers.token({ sub: 'ada', username: 'Ada', role: 'host' });

  return {
    servers,
    somebody,

    /** A host at work: signed in. */
    host: (options = {}) => somebody({ token: hostToken(), ...options }),

    /** Somebody who is signed in, but no host. */
    user(name, { exp, ...options } = {}) {
      const token = servers.token({ sub: name, username: name, ...(exp && { exp }) });
      return somebody({ token, ...options });
    },

    subject: (code, name) =>
      servers.api('PUT', `/admin/subjects/${code}`, { token: hostToken(), body: { name } }),

    /** A quiz made through the API, with questions whose right answer is the second option. */
    async quiz({
      title = 'Rivers',
      questions = 3,
      listed = true,
      subject,
      isStarted = false,
    } = {}) {
      const token = hostToken();
      const body = { title, description: 'For the test.', duration_minutes: 30, listed, subject };
      const quiz = await servers.api('POST', '/admin/quizzes', { token, body });
      for (let number = 1; number <= questions; number++) {
        await servers.api('POST', `/admin/quizzes/${quiz.quiz_id}/questions`, {
          token,
          body: {
            text: `Question number ${number}?`,
            options: [`Wrong ${number}`, `Right ${number}`, `Also wrong ${number}`],
            correct_answer: 1,
            points: 10,
          },
        });
      }
      const asHost = (method, path) =>
        servers.api(method, `/admin/quizzes/${quiz.quiz_id}${path}`, { token });
      const made = {
        ...quiz,
        path: `/quizzes/${quiz.quiz_id}`,
        start: () => asHost('POST', '/init'),
        end: () => asHost('POST', '/end'),
        remove: (participantId) => asHost('DELETE', `/participants/${participantId}`),
        /** Uploads a session that somebody finished elsewhere. */
        upload: (session) =>
          servers.api('POST', `/quizzes/${quiz.quiz_id}/sessions`, { token, body: session }),
        /** Takes a seat without a browser. */
        async seat(username) {
          const joined = await servers.api('POST', `/quizzes/${quiz.quiz_id}/join`, {
            body: { username },
          });
          return {
            quizId: quiz.quiz_id,
            participantId: joined.participant_id,
            username: joined.username,
            token: joined.participant_token,
          };
        },
        /** Answers with a seat, without a browser: rightly unless told otherwise. */
        async answer(seat, number, option = 1) {
          const { questions } = await servers.api('GET', `/quizzes/${quiz.quiz_id}/questions`, {
            token: seat.token,
          });
          return servers.api('POST', `/quizzes/${quiz.quiz_id}/answer`, {
            token: seat.token,
            body: {
              participant_id: seat.participantId,
              question_id: questions[number - 1].question_id,
              answer_index: option,
            },
          });
        },
      };
      if (isStarted) await made.start();
      return made;
    },

    expectNoComplaints() {
      if (complaints.length > 0)
        throw new Error(`the browser complained:\n${complaints.join('\n')}`);
    },
    async keepPictures(name) {
      const folder = join(tmpdir(), 'scorecast-web-failures');
      mkdirSync(folder, { recursive: true });
      for (const [index, page] of pages.entries()) {
        const path = join(folder, `${name.replace(/\W+/g, '-')}-${index}.png`);
        await page.screenshot({ path }).catch(() => {});
        console.log(`      picture: ${path}`);
      }
    },
    async leave() {
      for (const context of contexts) await context.close();
    },
  };
}
