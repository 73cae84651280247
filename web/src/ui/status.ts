import type { QuizStatus } from '@scorecast/client';

/** Where a quiz is in its life, in a word. */
export const STATUS_WORDS: Record<QuizStatus, string> = {
  pending: 'Waiting',
  started: 'Running',
  ended: 'Ended',
};
