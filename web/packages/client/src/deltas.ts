/**
 * The same client for less traffic: the server tells only what changed, where that is shorter. Its
 * users hear whole states all the same.
 */

import { type Connection, connection, type Plan } from './connection.ts';
import { applied } from './delta.ts';
import { followLeaderboards as follow, type LeaderboardsPlan } from './leaderboards.ts';
import type { Incoming, QuizDelta, QuizFrame, UpdateByDelta } from './messages.ts';
import { followQuiz as followOne, type QuizPlan } from './quiz.ts';

export * from './index.ts';

/** Makes the socket; it does nothing before `open`. */
export const followQuiz = (plan: QuizPlan) => followOne(plan, byDeltas);

/** Makes the socket; it does nothing before `open`. */
export const followLeaderboards = (plan: LeaderboardsPlan) => follow(plan, byDeltas);

/**
 * A connection that asks for deltas and passes on what they lead to. Should one not build on what
 * it has, which no server does, it dials again and asks for whole states from then on: a board is
 * right or not shown.
 */
function byDeltas(plan: Plan): Connection {
  const boards = new Map<string, QuizFrame>();
  let wanted = true;

  const socket = connection({
    ...plan,
    async dial(refused) {
      const target = await plan.dial(refused);
      if (!target || !wanted) return target;
      const url = new URL(target.url);
      url.searchParams.set('deltas', '1');
      return { ...target, url: url.href };
    },
    onOpen() {
      boards.clear();
      plan.onOpen?.();
    },
    onMessage(message) {
      const whole = read(message as Told);
      if (whole) return plan.onMessage(whole);
      wanted = false;
      socket.open();
    },
  });
  return socket;

  function read(told: Told): unknown {
    if (!('type' in told)) return keep(told);
    switch (told.type) {
      case 'quiz_leaderboard_updated':
        keep(told.data);
        return told;
      case 'quiz_leaderboard_delta': {
        const data = keep(told.data);
        return data && ({ type: 'quiz_leaderboard_updated', data } satisfies Incoming);
      }
      default:
        return told;
    }
  }

  function keep(told: QuizFrame | QuizDelta): QuizFrame | undefined {
    const whole = 'base' in told ? applied(boards.get(told.quiz_id), told) : told;
    if (whole) boards.set(whole.quiz_id, whole);
    return whole;
  }
}

/** What either socket says. */
type Told = QuizFrame | QuizDelta | Incoming | UpdateByDelta;
