/** What changed, applied: the next state of a board, made of the one that a reader has. */

import type { QuizDelta, QuizFrame, QuizRow } from './messages.ts';

/** The state that a delta leads to; nothing if it does not build on this one. */
export function applied(board: QuizFrame | undefined, delta: QuizDelta): QuizFrame | undefined {
  if (board?.version !== delta.base || board.epoch !== delta.epoch) return undefined;
  const { base, rows = [], gone = [], tied = [], ...changed } = delta;
  const { stale, you, ...kept } = board;
  const before = board.leaderboard;

  const out = new Set<unknown>([...gone, ...rows.map(([, whose]) => whose)]);
  const placed = before.filter((_, at) => !out.has(at));
  for (const [at, whose, score] of rows) {
    const row = typeof whose === 'number' ? before[whose] : whose;
    placed.splice(at, 0, { ...row, score } as QuizRow);
  }

  const rankAt = (at: number) =>
    1 + (tied.find(([first, last]) => first <= at && at <= last)?.[0] ?? at);
  // A row that is the same stays the same object, so that a page need not draw it again.
  const leaderboard = placed.map((row, at) =>
    row.rank === rankAt(at) ? row : { ...row, rank: rankAt(at) },
  );
  return { ...kept, leaderboard, ...changed };
}
