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

/** Takes in a pushed state of a quiz's board, with the reader's own standing if it has one. */
export function takeInQuizFrame(cache: QueryClient, { you, ...frame }: QuizFrame): void {
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
