/** What happens when the connection, the gateway or scoring goes. */

import assert from 'node:assert/strict';
import { connection, eventually, rows, sees } from '../lib/expect.mjs';

/** Makes the random part of each delay small, so that five attempts take a second. */
const hurried = (page) =>
  page.addInitScript(() => {
    Math.random = () => 0.02;
  });

export const lost = [
  [
    'the gateway is killed and started again: it reconnects by itself and is right',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const [ana, ben] = [await quiz.seat('Ana'), await quiz.seat('Ben')];
      const page = await world.somebody({ seat: ana });
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await quiz.answer(ben, 1);
      await eventually(() => rows(page), ['1 Ben 10', '2 Ana 0']);
      await world.servers.killGateway();
      await sees(page, /Reconnecting, attempt \d of 5/);
      await sees(page, /as of \d\d:\d\d:\d\d/);
      assert.deepEqual(await rows(page), ['1 Ben 10', '2 Ana 0'], 'what is known stays');
      await world.servers.restartGateway();
      await eventually(() => connection(page), 'Live');
      await quiz.answer(ana, 1);
      await quiz.answer(ana, 2);
      await eventually(() => rows(page), ['1 Ana 20', '2 Ben 10']);
    },
  ],
  [
    'a gateway that leaves politely is followed to the next one',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const ana = await quiz.seat('Ana');
      const page = await world.somebody({ seat: ana });
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await world.servers.stopGateway();
      await world.servers.restartGateway();
      await eventually(() => connection(page), 'Live');
      await quiz.answer(ana, 1);
      await eventually(() => rows(page), ['1 Ana 10']);
    },
  ],
  [
    'five failures, then a button that works',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const ana = await quiz.seat('Ana');
      const page = await world.somebody({ seat: ana });
      await hurried(page);
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await eventually(() => rows(page), ['1 Ana 0']);
      await world.servers.killGateway();
      await eventually(() => connection(page), 'Disconnected');
      await eventually(() => rows(page), ['1 Ana 0']);
      await world.servers.restartGateway();
      await page.getByRole('button', { name: 'Try again' }).click();
      await eventually(() => connection(page), 'Live');
    },
  ],
  [
    'offline and back: it says so, keeps what is known, and an answer given meanwhile arrives',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const ana = await quiz.seat('Ana');
      const page = await world.somebody({ seat: ana });
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await eventually(() => rows(page), ['1 Ana 0']);
      await sees(page, 'Question number 1?');
      await page.context().setOffline(true);
      await eventually(() => connection(page), 'You are offline');
      assert.deepEqual(await rows(page), ['1 Ana 0']);
      await page.getByRole('button', { name: 'Right 1' }).click();
      await sees(page, /sent as soon as you are back/);
      await page.context().setOffline(false);
      await sees(page, /✓ Right!/);
      await eventually(() => connection(page), 'Live');
      await eventually(() => rows(page), ['1 Ana 10']);
    },
  ],
  [
    'scoring goes: the page says that the scores stand still, and goes on by itself',
    async (world) => {
      const quiz = await world.quiz({ isStarted: true });
      const ana = await quiz.seat('Ana');
      const page = await world.somebody({ seat: ana });
      await page.goto(quiz.path);
      await eventually(() => connection(page), 'Live');
      await world.servers.killScoring();
      await eventually(() => connection(page), 'Connected, but the scores stand still');
      await world.servers.restartScoring();
      await eventually(() => connection(page), 'Live');
      await quiz.answer(ana, 1);
      await eventually(() => rows(page), ['1 Ana 10']);
    },
  ],
];
