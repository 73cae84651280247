/** A subject's board, kept up to date: signed in by subscription, else by asking. */

import type { SubjectBoard } from '@scorecast/client';
import { useEffect } from 'react';
import { subjectBoard } from '@/api/subjects';
import { useUser } from '@/auth/session';
import { useConnection, useWebSocketActions } from '@/contexts/WebSocketContext';
import { type FollowedBoard, useBoardQuery } from './useBoardQuery';

export interface FollowedSubject extends FollowedBoard<SubjectBoard> {
  /** Dials again; only where there is a socket. */
  reconnect?: () => void;
}

export function useSubjectBoard(code: string): FollowedSubject {
  const isSignedIn = useUser() !== null;
  const connection = useConnection();
  const actions = useWebSocketActions();

  useEffect(() => {
    if (!isSignedIn) return;
    actions.subscribeToSubject(code);
    return () => actions.unsubscribeFromSubject(code);
  }, [actions, code, isSignedIn]);

  return {
    ...useBoardQuery(subjectBoard(code), isSignedIn ? connection : null),
    ...(isSignedIn && { reconnect: actions.reconnect }),
  };
}
