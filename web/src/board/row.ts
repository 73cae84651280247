/** A ranked row as boards show it, whichever board it is of. */

import type { QuizRow, SubjectRow } from '@scorecast/client';
import { count, duration } from '@/lib/words';

export interface Row {
  id: string;
  name: string;
  score: number;
  rank: number;
  /** What else there is to say, in small print. */
  detail?: string;
}

export function quizRow(row: QuizRow): Row {
  return { id: row.participant_id, name: row.username, score: row.score, rank: row.rank };
}

export function subjectRow(row: SubjectRow): Row {
  return {
    id: row.user_id,
    name: row.username,
    score: row.total_score,
    rank: row.rank,
    detail: `${count(row.quiz_count, 'quiz', 'quizzes')}, ${duration(row.average_duration_seconds)} each`,
  };
}

/** The gap to the next one up, in words; nothing for whoever leads. */
export function gapAhead(rows: Row[], ownId: string): string | undefined {
  const index = rows.findIndex(({ id }) => id === ownId);
  const own = rows[index];
  if (!own || own.rank === 1) return undefined;
  const ahead = rows.slice(0, index).findLast(({ rank }) => rank < own.rank);
  if (!ahead) return undefined;
  const points = ahead.score - own.score;
  return points > 0
    ? `${count(points, 'point')} behind ${ahead.name}`
    : `As many points as ${ahead.name}, who was faster`;
}
