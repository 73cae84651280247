/**
 * Takes the pictures of the README: every page, light and dark, desktop and phone, into
 * docs/images, from a class that plays on the real programs. `node e2e/screenshots.mjs play`
 * takes those whose name contains "play".
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startBrowser } from './lib/browser.mjs';
import { eventually, sees } from './lib/expect.mjs';
import { people } from './lib/people.mjs';
import { startServers } from './lib/servers.mjs';

const FOLDER = resolve(import.meta.dirname, '../../docs/images');
const DEVICES = {
  desktop: { viewport: { width: 1280, height: 860 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, deviceScaleFactor: 2 },
};
const WALL = { width: 1920, height: 1080 };

const NAMES =
  'Amara Bao Camille Dmitri Elif Farah Gustavo Hana Ingrid Jamal Keiko Lars Mei Nadia Omar Priya Quentin Rosa Sefa Tomás'.split(
    ' ',
  );

const PLANET = [
  ['Which ocean is the largest?', ['Atlantic', 'Indian', 'Pacific', 'Arctic'], 2, 10],
  ['Which gas makes up most of the air?', ['Nitrogen', 'Oxygen', 'Carbon dioxide', 'Argon'], 0, 10],
  [
    'Why are there seasons?',
    [
      'The distance to the sun changes',
      'The earth’s axis is tilted',
      'The sun shines brighter in some months',
      'The moon shades the earth',
    ],
    1,
    15,
  ],
  [
    'Which desert is the largest, cold ones included?',
    ['Sahara', 'Gobi', 'Arabian', 'Antarctic'],
    3,
    20,
  ],
  ['Which river carries the most water?', ['Nile', 'Congo', 'Yangtze', 'Amazon'], 3, 15],
  ['Which of these rocks was once molten?', ['Limestone', 'Sandstone', 'Basalt', 'Marble'], 2, 15],
];

const wanted = process.argv[2] ?? '';
const servers = await startServers();
const { browser, close } = await startBrowser();
const world = people(browser, servers);
try {
  mkdirSync(FOLDER, { recursive: true });
  for (const picture of await pictures()) {
    if (picture.name.includes(wanted)) await take(picture);
  }
} finally {
  await world.leave();
  await close();
  await servers.close();
}

async function take({ name, path, words, as = {}, act, devices = Object.keys(DEVICES), viewport }) {
  for (const device of devices) {
    for (const colorScheme of ['light', 'dark']) {
      const options = { ...DEVICES[device], colorScheme, ...(Array.isArray(as) ? as.pop() : as) };
      if (viewport) options.viewport = viewport;
      const page = await world.somebody(options);
      await page.goto(path);
      await sees(page, words);
      await act?.(page);
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(700);
      const file = join(FOLDER, `${name}-${device}-${colorScheme}.webp`);
      writeFileSync(file, await picture(page));
      await page.context().close();
      console.log(file);
    }
  }
}

/** What is in sight, a fifth as large as the PNG that Playwright would make of it. */
async function picture(page) {
  const devtools = await page.context().newCDPSession(page);
  const told = { format: 'webp', quality: 80 };
  const { data } = await devtools.send('Page.captureScreenshot', told);
  return Buffer.from(data, 'base64');
}

/** Lets a class play, then says what there is to see. */
async function pictures() {
  const host = servers.token({ sub: 'ada', username: 'Ada', role: 'host' });
  const users = NAMES.map((username) => ({
    username,
    token: servers.token({ sub: username, username }),
  }));
  const nadia = users.find(({ username }) => username === 'Nadia');
  for (const [code, name] of [
    ['GEO', 'Geography'],
    ['BIO', 'Biology'],
    ['MATH', 'Mathematics'],
  ]) {
    await servers.api('PUT', `/admin/subjects/${code}`, { token: host, body: { name } });
  }

  const past = [
    ['Rivers of the world', 'GEO', 0.5],
    ['Mountains', 'GEO', 0.62],
    ['Capitals', 'GEO', 0.55],
    ['Cells and what is in them', 'BIO', 0.7],
    ['Fractions', 'MATH', 0.66],
    ['Volcanoes', 'GEO', 0.8],
  ];
  for (const [index, [title, subject, skill]] of past.entries()) {
    const quiz = await make({ title, subject, listed: index > 3 });
    await quiz.start();
    await play(quiz, users, (name) => (name === 'Nadia' ? skill : chance(name)));
    await quiz.end();
  }

  const running = await make({
    title: 'How well do you know your planet?',
    description: 'Six questions on land, sea and sky. The harder ones earn more.',
    subject: 'GEO',
    listed: true,
  });
  await running.start();
  const seats = await play(running, users, chance, 4);
  const ended = await make({ title: 'Friday quiz night', listed: true });
  await ended.start();
  const guests = await play(
    ended,
    NAMES.map((username) => ({ username })),
    chance,
  );
  await ended.end();
  const waiting = await make({
    title: 'The night sky',
    description: 'Stars, planets and everything between. Bring a pencil.',
    listed: true,
  });
  for (const username of NAMES.slice(0, 14)) await seat(waiting, { username });

  const asHost = { token: host };
  const asNadia = { seat: seats.get('Nadia') };
  return [
    { name: 'home', path: '/', words: 'Open now' },
    { name: 'join', path: waiting.path, words: 'Take a seat' },
    { name: 'play', path: running.path, words: 'Question 5 of 6', as: asNadia },
    {
      name: 'verdict',
      path: running.path,
      words: 'Question 5 of 6',
      // Who has answered has answered: each picture needs somebody else.
      as: ['Amara', 'Bao', 'Elif', 'Hana'].map((name) => ({ seat: seats.get(name) })),
      act: async (page) => {
        await page.getByRole('button', { name: 'Amazon' }).click();
        await sees(page, /✓ Right!/);
      },
    },
    { name: 'ended', path: ended.path, words: /You came/, as: { seat: guests.get('Hana') } },
    { name: 'leaderboard', path: '/leaderboard?subject=GEO', words: 'Amara', as: nadia },
    { name: 'me', path: '/me', words: 'Over time', as: nadia },
    { name: 'sign-in', path: '/me', words: 'Sign in' },
    { name: 'host', path: '/host', words: 'Your quizzes', as: asHost },
    {
      name: 'new-quiz',
      path: '/host',
      words: 'Your quizzes',
      as: asHost,
      act: (page) => page.getByRole('button', { name: 'New quiz' }).click(),
    },
    { name: 'desk', path: `/host/${running.quiz_id}`, words: 'Remove', as: asHost },
    {
      name: 'questions',
      path: `/host/${waiting.quiz_id}`,
      words: 'Add a question',
      as: asHost,
      act: scrollTo('Add a question'),
    },
    {
      name: 'screen',
      path: `/host/${running.quiz_id}/screen`,
      words: 'and enter',
      as: asHost,
      devices: ['desktop'],
      viewport: WALL,
    },
    {
      name: 'screen-waiting',
      path: `/host/${waiting.quiz_id}/screen`,
      words: '14 players ready',
      as: asHost,
      devices: ['desktop'],
      viewport: WALL,
    },
    {
      name: 'podium',
      path: `/host/${ended.quiz_id}/screen`,
      words: '1st place',
      as: asHost,
      devices: ['desktop'],
      viewport: WALL,
      act: async (page) => {
        await eventually(() => page.locator('canvas.confetti').count(), 1);
        await page.waitForTimeout(400);
      },
    },
  ];
}

function scrollTo(words) {
  return (page) =>
    page.getByText(words).evaluate((element) => element.scrollIntoView({ block: 'start' }));
}

async function make(plan) {
  const token = servers.token({ sub: 'ada', username: 'Ada', role: 'host' });
  const body = { description: '', duration_minutes: 30, ...plan };
  const quiz = await servers.api('POST', '/admin/quizzes', { token, body });
  const questions = [];
  for (const [text, options, correct_answer, points] of PLANET) {
    const question = { text, options, correct_answer, points };
    const path = `/admin/quizzes/${quiz.quiz_id}/questions`;
    questions.push(await servers.api('POST', path, { token, body: question }));
  }
  return {
    ...quiz,
    questions,
    path: `/quizzes/${quiz.quiz_id}`,
    start: () => servers.api('POST', `/admin/quizzes/${quiz.quiz_id}/init`, { token }),
    end: () => servers.api('POST', `/admin/quizzes/${quiz.quiz_id}/end`, { token }),
  };
}

async function seat(quiz, { username, token }) {
  const joined = await servers.api('POST', `${quiz.path}/join`, { token, body: { username } });
  return {
    quizId: quiz.quiz_id,
    participantId: joined.participant_id,
    username: joined.username,
    token: joined.participant_token,
  };
}

/** Everybody takes a seat and answers the first so many questions. */
async function play(quiz, players, skill, answered = PLANET.length) {
  const seats = new Map();
  for (const player of players) seats.set(player.username, await seat(quiz, player));
  for (let number = 0; number < answered; number++) {
    // One after the other: nobody is as fast as somebody else.
    for (const { username } of players) await answer(username, number);
  }
  return seats;

  function answer(username, number) {
    const { correct_answer, question_id } = quiz.questions[number];
    const isRight = random(username, number, quiz.title) < skill(username);
    const { participantId, token } = seats.get(username);
    return servers.api('POST', `${quiz.path}/answer`, {
      token,
      body: {
        participant_id: participantId,
        question_id,
        answer_index: isRight ? correct_answer : (correct_answer + 1) % 4,
      },
    });
  }
}

/** How likely somebody is right. */
function chance(username) {
  return username === 'Nadia' ? 0.85 : 0.25 + 0.6 * random(username);
}

/** A number from 0 to 1, the same each time. */
function random(...seeds) {
  let hash = 2166136261;
  for (const char of seeds.join(' ')) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
