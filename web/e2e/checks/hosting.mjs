/** Running a quiz, from its making to the podium. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually, rows, sees } from '../lib/expect.mjs';

const CSV = `question,option 1,option 2,option 3,correct,points
"Which one is right, really?",Wrong 2,Right 2,Also wrong 2,B,20
Question number 3?,Wrong 3,Right 3,Also wrong 3,Right 3,
,no,question,here,1,5`;

export const hosting = [
  [
    'a host runs a quiz from its making to the podium',
    async (world) => {
      const ada = await world.host();
      await ada.goto('/host');
      await ada.getByRole('button', { name: 'New quiz' }).click();
      await ada.getByLabel('Title').fill('Quiz night');
      await ada.getByLabel('Minutes').fill('20');
      await ada.getByRole('button', { name: 'Make the quiz' }).click();
      await sees(ada, 'No questions yet');
      assert.ok(await ada.getByRole('button', { name: 'Start the quiz' }).isDisabled());

      await ada.getByLabel('Question', { exact: true }).fill('Question number 1?');
      await ada.getByLabel('Option A').fill('Wrong 1');
      await ada.getByLabel('Option B').fill('Right 1');
      await ada.getByLabel('B is right').check();
      await ada.getByRole('button', { name: 'Add the question' }).click();
      await sees(ada, 'Question number 1?');

      await ada.getByText('Add many from CSV or JSON').click();
      await ada.getByLabel('Or paste it').fill(CSV);
      await sees(ada, 'Line 4: the question is empty');
      await ada.getByRole('button', { name: 'Add 2 questions' }).click();
      await sees(ada, '2 questions added');
      await sees(ada, 'Which one is right, really?');

      const code = (await ada.locator('.invite-code').innerText()).replace(/\D/g, '');
      const ben = await world.somebody();
      await ben.goto(`/?join=${code}`);
      await ben.getByLabel('Your name on the board').fill('Ben');
      await ben.keyboard.press('Enter');
      await sees(ben, 'You are in, Ben');
      const cleo = await world.somebody();
      await cleo.goto(`/?join=${code}`);
      await cleo.getByLabel('Your name on the board').fill('Cleo');
      await cleo.keyboard.press('Enter');
      await sees(cleo, 'You are in, Cleo');

      await ada.getByRole('button', { name: 'Start the quiz' }).click();
      await sees(ada, /left$/);
      await sees(ben, 'Question 1 of 3');
      await ben.getByRole('button', { name: 'Right 1' }).click();
      await sees(ben, /✓ Right!/);
      await eventually(() => rows(ada), ['1 Ben 10', '2 Cleo 0']);

      const screen = await world.host({ viewport: { width: 1920, height: 1080 } });
      await screen.goto(`${ada.url()}/screen`);
      await eventually(() => rows(screen, 'The first ten'), ['1 Ben 10', '2 Cleo 0']);
      await sees(screen, /and enter/);
      assert.equal((await screen.locator('.screen-code').innerText()).replace(/\D/g, ''), code);
      const height = await screen
        .locator('.row-who')
        .first()
        .evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));
      assert.ok(height >= 48, `names are ${height} px on a 1080 line projector`);

      await ada.getByRole('button', { name: 'End the quiz' }).click();
      await ada.getByRole('button', { name: 'End it now' }).click();
      const results = ada.getByRole('button', { name: 'Results as CSV' });
      const [file] = await Promise.all([ada.waitForEvent('download'), results.click()]);
      assert.equal(file.suggestedFilename(), 'Quiz night.csv');
      const [headings, first, second] = (await readFile(await file.path(), 'utf8')).split('\r\n');
      assert.match(headings, /^rank,username,score,/);
      assert.match(first, /^1,Ben,10,/);
      assert.match(second, /^2,Cleo,0,/);
      await sees(screen, '1st place');
      await screen.locator('.step-1 .step-who').getByText('Ben').waitFor();
      await screen.locator('.step-2 .step-who').getByText('Cleo').waitFor();
      await screen.locator('canvas.confetti').waitFor({ state: 'attached' });
      await screen.locator('canvas.confetti').waitFor({ state: 'detached' });
      await sees(ben, /^Ended$/);
    },
  ],
  [
    'everybody’s places hold on the first ones, then roll, and stop when told; nobody sees a cursor',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true, questions: 1 });
      for (let index = 1; index <= 25; index++) await quiz.seat(`Player ${index}`);
      await quiz.end();
      const ada = await world.host({ viewport: { width: 1280, height: 720 } });
      await ada.goto(`/host/${quiz.quiz_id}/screen`);
      const shown = Date.now();
      await ada.getByRole('button', { name: 'Everybody’s places' }).click();
      const roll = ada.getByRole('region', { name: 'Everybody’s places' });
      await roll.waitFor();
      const rolled = () => roll.evaluate((element) => element.scrollTop);
      while ((await rolled()) === 0) await ada.waitForTimeout(20);
      assert.ok(Date.now() - shown >= 3000, `rolled after ${Date.now() - shown} ms`);
      await ada.locator('.screen-idle').waitFor();
      const cursor = () => ada.locator('.screen').evaluate((all) => getComputedStyle(all).cursor);
      assert.equal(await cursor(), 'none');
      await ada.mouse.move(300, 300);
      await eventually(cursor, 'auto');
      await ada.getByRole('button', { name: 'Stop here' }).click();
      const stopped = await rolled();
      await ada.waitForTimeout(300);
      assert.equal(await rolled(), stopped);
    },
  ],
  [
    'a host removes a seat, and everybody sees it gone',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const [ana] = [await quiz.seat('Ana'), await quiz.seat('Rude name')];
      const page = await world.somebody({ seat: ana });
      await page.goto(quiz.path);
      await eventually(() => rows(page).then((list) => list.length), 2);
      const ada = await world.host();
      await ada.goto(`/host/${quiz.quiz_id}`);
      await ada.getByRole('button', { name: 'Remove Rude name' }).click();
      await ada.getByRole('button', { name: 'Remove', exact: true }).click();
      for (const each of [ada, page]) await eventually(() => rows(each), ['1 Ana 0']);
    },
  ],
  [
    'another host’s quiz cannot be found, and a player is told how to become a host',
    async (world) => {
      const quiz = await world.quiz();
      const eve = await world.somebody({
        token: world.servers.token({ sub: 'eve', username: 'Eve', role: 'host' }),
      });
      await eve.goto(`/host/${quiz.quiz_id}`);
      await sees(eve, 'You have no such quiz');
      const ben = await world.somebody({
        token: world.servers.token({ sub: 'ben', username: 'Ben' }),
      });
      await ben.goto('/host');
      await sees(ben, 'who does not run quizzes');
    },
  ],
  [
    'the right answers show themselves to the host once the quiz has ended',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true, questions: 1 });
      const ada = await world.host();
      await ada.goto(`/host/${quiz.quiz_id}`);
      await sees(ada, 'The right answers are shown here once the quiz has ended');
      assert.equal(await ada.getByText('✓ right').count(), 0);
      await quiz.end();
      await sees(ada, '✓ right');
    },
  ],
  [
    'a quiz is deleted only after a second word',
    async (world) => {
      const quiz = await world.quiz({ title: 'To be deleted' });
      const ada = await world.host();
      await ada.goto(`/host/${quiz.quiz_id}`);
      await ada.getByRole('button', { name: 'Delete', exact: true }).click();
      await ada.getByRole('button', { name: 'Cancel' }).click();
      await ada.getByRole('button', { name: 'Delete', exact: true }).click();
      await ada.getByRole('button', { name: 'Delete it' }).click();
      await sees(ada, 'To be deleted was deleted');
      assert.equal(new URL(ada.url()).pathname, '/host');
    },
  ],
];
