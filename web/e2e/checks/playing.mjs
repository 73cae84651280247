/** Joining, answering, following. */

import assert from 'node:assert/strict';
import { connection, eventually, rows, sees } from '../lib/expect.mjs';

async function join(page, quiz, name) {
  await page.goto(quiz.path);
  await page.getByLabel('Your name on the board').fill(name);
  await page.getByRole('button', { name: 'Join the quiz' }).click();
  await page.getByRole('button', { name: 'Join the quiz' }).waitFor({ state: 'detached' });
}

async function answer(page, number, option) {
  await sees(page, `Question number ${number}?`);
  await page
    .getByRole('button', { name: `${option} ${number}`, exact: false })
    .first()
    .click();
  await sees(page, option === 'Right' ? /✓ Right!/ : '✕ Not this time.');
  const next = page.getByRole('button', { name: /^(Next question|See how it went)$/ });
  await next.click();
}

export const playing = [
  [
    'the code from the screen leads to a seat, and the quiz begins there by itself',
    async ({ somebody, quiz: make }) => {
      const quiz = await make();
      const ben = await somebody();
      await ben.goto('/');
      await ben.getByLabel('Code from the screen').fill(quiz.join_code);
      await ben.getByRole('button', { name: 'Join', exact: true }).click();
      await ben.getByLabel('Your name on the board').fill('Ben');
      await ben.keyboard.press('Enter');
      await sees(ben, 'You are in, Ben');
      await quiz.start();
      await sees(ben, 'Question number 1?');
    },
  ],
  [
    'who scans the QR code only needs a name',
    async ({ somebody, quiz: make }) => {
      const quiz = await make();
      const ben = await somebody();
      await ben.goto(`/?join=${quiz.join_code}`);
      await sees(ben, 'Take a seat');
      assert.equal(new URL(ben.url()).pathname, quiz.path);
    },
  ],
  [
    'a wrong code is said to be wrong, beside the field',
    async ({ somebody }) => {
      const ben = await somebody();
      await ben.goto('/');
      await ben.getByLabel('Code from the screen').fill('000000');
      await ben.keyboard.press('Enter');
      await sees(ben, /Compare the code with the one on the screen/);
    },
  ],
  [
    'two people join and answer, and both boards move',
    async ({ somebody, quiz: make }) => {
      const quiz = await make({ isStarted: true });
      const [ana, ben] = [await somebody(), await somebody()];
      await join(ana, quiz, 'Ana');
      await join(ben, quiz, 'Ben');
      await eventually(() => connection(ana), 'Live');
      await answer(ben, 1, 'Right');
      for (const page of [ana, ben]) await eventually(() => rows(page), ['1 Ben 10', '2 Ana 0']);
      await answer(ana, 1, 'Right');
      await answer(ana, 2, 'Right');
      for (const page of [ana, ben]) await eventually(() => rows(page), ['1 Ana 20', '2 Ben 10']);
      await sees(ben, '10 points behind Ana');
      await sees(ana, 'You lead!');
      await answer(ben, 2, 'Wrong');
      await eventually(() => rows(ana), ['1 Ana 20', '2 Ben 10']);
    },
  ],
  [
    'after a refresh everybody sits where they sat, with what they answered',
    async ({ somebody, quiz: make }) => {
      const quiz = await make({ isStarted: true });
      const ana = await somebody();
      await join(ana, quiz, 'Ana');
      await answer(ana, 1, 'Right');
      await ana.reload();
      await sees(ana, 'Question 2 of 3');
      await eventually(() => rows(ana), ['1 Ana 10']);
    },
  ],
  [
    'a name that is taken is said to be taken, and another one works',
    async ({ somebody, quiz: make }) => {
      const quiz = await make();
      await quiz.seat('Ana');
      const page = await somebody();
      await page.goto(quiz.path);
      await page.getByLabel('Your name on the board').fill('ana');
      await page.keyboard.press('Enter');
      await sees(page, /has this name already/);
      await page.getByLabel('Your name on the board').fill('Ana B.');
      await page.keyboard.press('Enter');
      await sees(page, 'You are in, Ana B.');
    },
  ],
  [
    'the own row is in sight also when it is far down',
    async ({ somebody, quiz: make }) => {
      const quiz = await make({ isStarted: true });
      for (let index = 1; index <= 14; index++) await quiz.answer(await quiz.seat(`P${index}`), 1);
      const seat = await quiz.seat('Last');
      const page = await somebody({ seat, viewport: { width: 390, height: 700 } });
      await page.goto(quiz.path);
      await sees(page, 'Your position');
      await eventually(() => rows(page, 'Your position'), ['15 Last 0']);
      await sees(page, /10 points behind P\d+/);
      // Among all rows it sticks to the edge of the screen.
      await page.getByRole('button', { name: 'Show the first 15' }).click();
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.getByRole('list', { name: 'Ranking', exact: true }).scrollIntoViewIfNeeded();
      const own = page.getByRole('list', { name: 'Ranking', exact: true }).locator('.row-own');
      await own.waitFor();
      const box = await own.boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height <= 700, JSON.stringify(box));
    },
  ],
  [
    'a person with only a keyboard joins and answers',
    async ({ somebody, quiz: make }) => {
      const quiz = await make({ isStarted: true });
      const page = await somebody();
      await page.goto(quiz.path);
      const field = page.getByLabel('Your name on the board');
      await field.waitFor();
      await tabTo(page, field);
      await page.keyboard.type('Kim');
      await page.keyboard.press('Enter');
      const right = page.getByRole('button', { name: 'Right 1' });
      await right.waitFor();
      await tabTo(page, right);
      await page.keyboard.press('Enter');
      await sees(page, /✓ Right!/);
    },
  ],
  [
    'whoever only watches sees the board move as well',
    async ({ somebody, quiz: make }) => {
      const quiz = await make({ isStarted: true });
      const ana = await quiz.seat('Ana');
      const watcher = await somebody();
      await watcher.goto(quiz.path);
      await eventually(() => rows(watcher), ['1 Ana 0']);
      assert.equal(await connection(watcher), 'Checked every 5 s');
      await quiz.answer(ana, 1);
      await eventually(() => rows(watcher), ['1 Ana 10']);
    },
  ],
  [
    'a seat that the host removed is told so and can be taken anew',
    async ({ somebody, quiz: make }) => {
      const quiz = await make();
      const seat = await quiz.seat('Ana');
      const ana = await somebody({ seat });
      await ana.goto(quiz.path);
      await sees(ana, 'You are in, Ana');
      await quiz.remove(seat.participantId);
      await sees(ana, 'Your seat in this quiz is no more');
      await sees(ana, 'Take a seat');
    },
  ],
  [
    'a quiz that is started again begins again',
    async ({ somebody, quiz: make }) => {
      const quiz = await make({ isStarted: true, questions: 1 });
      const ana = await somebody();
      await join(ana, quiz, 'Ana');
      await answer(ana, 1, 'Right');
      await sees(ana, 'All answered');
      await quiz.end();
      await sees(ana, /^Ended$/);
      await quiz.start();
      await sees(ana, 'Question 1 of 1');
      await eventually(() => rows(ana), ['1 Ana 0']);
    },
  ],
  [
    'an unknown quiz and an unknown page say so and show a way on',
    async ({ somebody }) => {
      const page = await somebody();
      await page.goto('/quizzes/quiz_000000000000');
      await sees(page, 'There is no such quiz');
      await page.getByRole('link', { name: 'Join with a code' }).click();
      await sees(page, 'Who is on top?');
    },
  ],
];

async function tabTo(page, target) {
  for (let step = 0; step < 40; step++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('the keyboard does not get there');
}
