/** A quiz's board, kept up to date by the best means this visitor has. */

import { followQuiz, type QuizFrame, type State } from '@scorecast/client/deltas';
import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { quizBoard } from '@/api/quizzes';
import { useUser } from '@/auth/session';
import { useConnection, useWebSocketActions } from '@/contexts/WebSocketContext';
import type { Seat } from '@/quiz/seats';
import { gateway } from '@/settings';
import { type OwnStanding, staleKey, standingKey, takeInQuizFrame } from './cache';
import { refetchShownSoon } from './refetch';
import { type FollowedBoard, useBoardQuery } from './useBoardQuery';

export interface QuizBoard extends FollowedBoard<QuizFrame> {
  /** One's own standing as last heard; only with a seat. */
  standing: OwnStanding | undefined;
  /** Whether the seat's socket says nothing of the seat: it may have been removed. */
  isUnseen: boolean;
  /** Dials again; only where there is a socket. */
  reconnect?: () => void;
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

  const socket = seat ? seated.state : isSignedIn ? connection : null;
  const followed = useMarked(quizId, useBoardQuery(quizBoard(quizId), socket));
  const { data: standing } = useQuery<OwnStanding>({
    queryKey: standingKey(quizId, seat?.participantId ?? ''),
    // Only the socket tells.
    queryFn: skipToken,
  });

  if (seat) {
    const { isUnseen, reconnect } = seated;
    return { ...followed, standing, isUnseen, reconnect };
  }
  return {
    ...followed,
    standing: undefined,
    isUnseen: false,
    ...(isSignedIn && { reconnect: actions.reconnect }),
  };
}

/** The board with the mark of a feed that stands still, while it is the feed that tells. */
function useMarked(quizId: string, followed: FollowedBoard<QuizFrame>): FollowedBoard<QuizFrame> {
  const { board, link } = followed;
  const { data: hasStopped = false } = useQuery<boolean>({
    queryKey: staleKey(quizId),
    // Only the socket tells.
    queryFn: skipToken,
  });
  const stale = hasStopped && link.phase === 'open';
  const marked = useMemo(() => (board && stale ? { ...board, stale } : board), [board, stale]);
  return { ...followed, board: marked };
}

interface SeatSocket {
  state: State;
  isUnseen: boolean;
  reconnect: () => void;
}

function useSeatSocket(seat: Seat | undefined): SeatSocket {
  const cache = useQueryClient();
  const [state, setState] = useState<State>({ phase: 'idle', attempt: 0 });
  const [isUnseen, setIsUnseen] = useState(false);
  const open = useRef(() => {});
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
        setState(state);
        if (state.phase !== 'open') return;
        if (hasBeenOpen) refetchShownSoon(cache, ['quiz', quizId]);
        hasBeenOpen = true;
      },
    });
    open.current = socket.open;
    socket.open();
    return () => socket.close('left');
  }, [cache, quizId, participantId]);

  const reconnect = useCallback(() => open.current(), []);
  return { state, isUnseen, reconnect };
}
