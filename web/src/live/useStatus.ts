/** Where a quiz stands. */

import type { QuizFrame, QuizStatus } from '@scorecast/client';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

interface Quiz {
  quiz_id: string;
  status: QuizStatus;
}

/**
 * The status as the board tells it, else as the quiz does. Whenever it changes the quiz is fetched
 * anew, for its times and its run: also if it has come back to what the quiz still says, as when a
 * quiz is started again before its end was read.
 */
export function useStatus({ quiz_id, status: read }: Quiz, board: QuizFrame | undefined) {
  const cache = useQueryClient();
  const status = board?.status ?? read;
  const asked = useRef(read);
  useEffect(() => {
    if (asked.current === status) return;
    asked.current = status;
    void cache.invalidateQueries({ queryKey: ['quiz', quiz_id, 'info'] });
    void cache.invalidateQueries({ queryKey: ['host', 'quiz', quiz_id] });
  }, [cache, quiz_id, status]);
  return status;
}
