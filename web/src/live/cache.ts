/**
 * The query cache as the one place of what is known: pushed states go in, late answers to
 * earlier requests stay out.
 */

import {
  isOlder,
  type QuizFrame,
  type SubjectBoard,
  type Version,
  type You,
} from '@scorecast/client';
import type { QueryClient } from '@tanstack/react-query';

/** Of two states of a board the newer; for a query's `structuralSharing`. */
export function newest(seen: unknown, next: unknown): unknown {
  return isOlder(next as Version, seen as Version | undefined) ? seen : next;
}

/** One's own standing as last heard, with the state of the board it belongs to. */
export interface OwnStanding extends You {
  epoch: number;
}

export const standingKey = (quizId: string, participantId: string) => [
  'quiz',
  quizId,
  'standing',
  participantId,
];

/** Whether a quiz's feed stands still, as its socket last said; what is asked for tells nothing. */
export const staleKey = (quizId: string) => ['quiz', quizId, 'stale'];

/**
 * Takes in a pushed state of a quiz's board, with the reader's own standing if it has one. Whether
 * the feed stands still is true of any state, also of one that came another way and is newer.
 */
export function takeInQuizFrame(cache: QueryClient, pushed: QuizFrame): void {
  const { you, stale = false, ...frame } = pushed;
  cache.setQueryData<boolean>(staleKey(frame.quiz_id), stale);
  cache.setQueryData<QuizFrame>(['quiz', frame.quiz_id, 'board'], (seen) =>
    isOlder(frame, seen) ? seen : frame,
  );
  if (!you) return;
  const standing: OwnStanding = { ...you, epoch: frame.epoch };
  cache.setQueryData<OwnStanding>(standingKey(frame.quiz_id, you.participant_id), (seen) =>
    isOlder(standing, seen) ? seen : standing,
  );
}

/** Takes in a pushed state of a subject's board. */
export function takeInSubjectFrame(cache: QueryClient, frame: SubjectBoard): void {
  cache.setQueryData<SubjectBoard>(['subject', frame.subject, 'board'], (seen) =>
    isOlder(frame, seen) ? seen : frame,
  );
}
