/** The own row, also for one who is not among the rows of the board. */

import { isOlder } from '@scorecast/client';
import { useQuery } from '@tanstack/react-query';
import { rowsAround } from '@/api/quizzes';
import { gapAhead, quizRow, type Row } from '@/board/row';
import type { QuizBoard } from '@/live/useQuizBoard';
import type { Seat } from './seats';

export interface OwnRow {
  row: Row | undefined;
  /** The gap to the next one up, in words. */
  gap: string | undefined;
}

/**
 * As the board has it, else by the newer of what the socket said last and what is asked for: asking
 * tells the neighbours, too, and is all there is where sockets do not get through.
 */
export function useOwnRow(seat: Seat | undefined, live: QuizBoard): OwnRow {
  const { board, standing, link } = live;
  const id = seat?.participantId ?? '';
  const isListed = board?.leaderboard.some((row) => row.participant_id === id);
  const isMissed = isListed === false && (standing !== undefined || link.phase !== 'open');
  const { data: around } = useQuery({
    ...rowsAround(seat?.quizId ?? '', id),
    enabled: seat !== undefined && isMissed,
    refetchInterval: 5000,
  });
  if (!seat || !board) return { row: undefined, gap: undefined };

  const told = isListed ? board : around;
  const rows = told?.leaderboard.map(quizRow) ?? [];
  const gap = gapAhead(rows, id);
  const row = rows.find((row) => row.id === id);
  if (isListed || !standing || (told && isOlder(standing, told))) return { row, gap };
  const { score, rank } = standing;
  return { row: { id, name: seat.username, score, rank }, gap };
}
