/** A quiz's board, kept up to date by the best means this visitor has. */

import { followQuiz, type QuizFrame, type State } from '@scorecast/client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { quizBoard } from '@/api/quizzes';
import { useUser } from '@/auth/session';
import { useConnection, useWebSocketActions } from '@/contexts/WebSocketContext';
import type { Seat } from '@/quiz/seats';
import { gateway } from '@/settings';
import { type OwnStanding, standingKey, takeInQuizFrame } from './cache';
import { type Link, POLL_SECONDS, polling } from './link';
import { refetchShownSoon } from './refetch';

export interface QuizBoard {
  board: QuizFrame | undefined;
  /** One's own standing as last heard; only with a seat. */
  standing: OwnStanding | undefined;
  /** Why there is no board. */
  error: Error | null;
  link: Link;
  /** Whether the seat's socket says nothing of the seat: it may have been removed. */
  isUnseen: boolean;
  reconnect(): void;
}

/**
 * With a seat by the seat's own socket, signed in by subscription, and else by asking every few
 * seconds. Leaving the page ends whichever it is.
 */
export function useQuizBoard(quizId: string, seat: Seat | undefined): QuizBoard {
  const isSignedIn = useUser() !== null;
  const connection = useConnection();
  const actions = useWebSocketActions();
  const seated = useSeatSocket(seat);
  const isSubscribed = isSignedIn && !seat;

  useEffect(() => {
    if (!isSubscribed) return;
    actions.subscribeToQuiz(quizId);
    return () => actions.unsubscribeFromQuiz(quizId);
  }, [actions, quizId, isSubscribed]);

  const hasSocket = seat !== undefined || isSignedIn;
  const { data: board, error } = useQuery({
    ...quizBoard(quizId),
    refetchInterval: hasSocket ? false : POLL_SECONDS * 1000,
  });
  const { data: standing } = useQuery<OwnStanding>({
    queryKey: standingKey(quizId, seat?.participantId ?? ''),
    enabled: false,
  });

  if (seat) return { board, standing, error, ...seated };
  return {
    board,
    standing: undefined,
    error,
    link: isSignedIn ? connection : polling,
    isUnseen: false,
    reconnect: actions.reconnect,
  };
}

function useSeatSocket(seat: Seat | undefined): Pick<QuizBoard, 'link' | 'isUnseen' | 'reconnect'> {
  const cache = useQueryClient();
  const [link, setLink] = useState<State>({ phase: 'idle', attempt: 0 });
  const [isUnseen, setIsUnseen] = useState(false);
  const reconnect = useRef(() => {});
  const { quizId, participantId } = seat ?? {};

  useEffect(() => {
    if (!quizId || !participantId) return;
    let hasBeenOpen = false;
    const socket = followQuiz({
      url: gateway,
      quizId,
      participantId,
      onFrame(frame) {
        takeInQuizFrame(cache, frame);
        setIsUnseen(!frame.you);
      },
      onState(state) {
        setLink(state);
        if (state.phase !== 'open') return;
        if (hasBeenOpen) refetchShownSoon(cache, ['quiz', quizId]);
        hasBeenOpen = true;
      },
    });
    reconnect.current = socket.open;
    socket.open();
    return () => socket.close('left');
  }, [cache, quizId, participantId]);

  return { link, isUnseen, reconnect: () => reconnect.current() };
}
