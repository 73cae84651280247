/** For everybody: no barriers that a machine can find, small screens, less motion, large targets. */

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { eventually, rows, sees } from '../lib/expect.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Fails with what axe found, in short. */
async function expectNoBarriers(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  );
  assert.deepEqual(found, [], where);
}

/** The pages of a running quiz and around it, each as one who may see it. */
async function everyPage(world, options) {
  const quiz = await world.quiz({ isStarted: true });
  const seat = await quiz.seat('Ana');
  for (let index = 0; index < 12; index++) {
    const other = await quiz.seat(`Player with a rather long name ${index}`);
    if (index % 2) await quiz.answer(other, 1);
  }
  const waiting = await world.quiz({ title: 'Not begun' });
  await waiting.seat('Ben');
  const ended = await world.quiz({ title: 'Over', isStarted: true, questions: 1 });
  await ended.answer(await ended.seat('Cleo'), 1);
  await ended.end();
  const player = await world.somebody({ seat, ...options });
  const visitor = await world.somebody(options);
  const ada = await world.host(options);
  return {
    quiz,
    seat,
    player,
    pages: [
      [visitor, '/', 'Open now'],
      [visitor, waiting.path, 'Ben'],
      [visitor, ended.path, 'Cleo'],
      [visitor, '/quizzes/quiz_000000000000', 'There is no such quiz'],
      [visitor, '/leaderboard', 'Leaderboards'],
      [visitor, '/me', 'Sign in'],
      [visitor, '/host', 'Run a quiz'],
      [player, quiz.path, 'Question number 1?'],
      [ada, '/host', 'Your quizzes'],
      [ada, `/host/${quiz.quiz_id}`, 'Question number 1?'],
      [ada, `/host/${waiting.quiz_id}`, 'Add a question'],
      [ada, `/host/${quiz.quiz_id}/screen`, 'and enter'],
      [ada, `/host/${waiting.quiz_id}/screen`, 'Ben'],
      [ada, `/host/${ended.quiz_id}/screen`, 'Cleo'],
    ],
  };
}

/** Waits until what arrives with a movement has arrived: axe judges colours as they are. */
const settled = (page) =>
  page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter(({ effect }) => effect.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map(({ finished }) => finished.catch(() => {})),
    ),
  );

export const accessible = [
  ...['light', 'dark'].map((colorScheme) => [
    `axe finds nothing on any page, ${colorScheme}, before and after a change of rank`,
    async (world) => {
      const { pages, quiz, seat, player } = await everyPage(world, { colorScheme });
      for (const [page, path, words] of pages) {
        await page.goto(path);
        await sees(page, words);
        await settled(page);
        await expectNoBarriers(page, `${path} ${colorScheme}`);
      }
      await player.getByRole('button', { name: 'Right 1' }).click();
      await quiz.answer(seat, 2);
      await player.locator('.move-up').first().waitFor();
      await settled(player);
      await expectNoBarriers(player, `after a change of rank, ${colorScheme}`);
    },
  ]),
  [
    'nothing scrolls sideways at 320 pixels, and every target is large enough for a thumb',
    async (world) => {
      const viewport = { width: 320, height: 640 };
      const { pages } = await everyPage(world, { viewport, hasTouch: true });
      for (const [page, path, words] of pages) {
        await page.goto(path);
        await sees(page, words);
        const { width, small } = await page.evaluate(() => ({
          width: document.documentElement.scrollWidth,
          small: Array.from(
            document.querySelectorAll('button, input, select, textarea, .tab, .button'),
          )
            .map((element) => [
              element,
              element.closest('label')?.getBoundingClientRect() ?? element.getBoundingClientRect(),
            ])
            .filter(([, box]) => box.width > 1 && (box.height < 44 || box.width < 24))
            .map(([element, box]) => `${element.outerHTML.slice(0, 90)} ${box.width}×${box.height}`)
            .filter((html) => !html.includes('type="checkbox"')),
        }));
        assert.equal(width, 320, `${path} is ${width} wide`);
        assert.deepEqual(small, [], path);
      }
    },
  ],
  [
    'who asked for less motion sees the ranks change without a slide, and the podium at once',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const [ana, ben] = [await quiz.seat('Ana'), await quiz.seat('Ben')];
      const page = await world.somebody({ seat: ana, reducedMotion: 'reduce' });
      await page.goto(quiz.path);
      await eventually(() => rows(page).then((list) => list.length), 2);
      await page.evaluate(() => {
        window.slides = 0;
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...details) {
          window.slides++;
          return animate.apply(this, details);
        };
      });
      await quiz.answer(ben, 1);
      await eventually(() => rows(page), ['1 Ben 10', '2 Ana 0']);
      assert.equal(await page.evaluate(() => window.slides), 0);
      await quiz.end();
      const ada = await world.host({ reducedMotion: 'reduce' });
      await ada.goto(`/host/${quiz.quiz_id}/screen`);
      await ada.locator('.step-1 .step-who').getByText('Ben').waitFor({ timeout: 5000 });
      assert.equal(await ada.locator('canvas.confetti').count(), 0);
    },
  ],
  [
    'rows slide to their new rank where motion is welcome',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const [ana, ben] = [await quiz.seat('Ana'), await quiz.seat('Ben')];
      const page = await world.somebody({ seat: ana });
      await page.goto(quiz.path);
      await eventually(() => rows(page).then((list) => list.length), 2);
      await page.evaluate(() => {
        window.slid = [];
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...details) {
          window.slid.push(this.dataset.id);
          return animate.apply(this, details);
        };
      });
      await quiz.answer(ben, 1);
      await eventually(() => rows(page), ['1 Ben 10', '2 Ana 0']);
      const slid = await page.evaluate(() => window.slid);
      assert.ok(slid.includes(ben.participantId), JSON.stringify(slid));
    },
  ],
];
