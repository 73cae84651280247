/** A subject's board, kept up to date: signed in by subscription, else by asking. */

import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { subjectBoard } from '@/api/subjects';
import type { SubjectBoard } from '@/api/wire';
import { useUser } from '@/auth/session';
import { useConnection, useWebSocketActions } from '@/contexts/WebSocketContext';
import { type Link, POLL_SECONDS, polling } from './link';

export interface FollowedSubject {
  board: SubjectBoard | undefined;
  error: Error | null;
  link: Link;
  reconnect(): void;
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

  const { data: board, error } = useQuery({
    ...subjectBoard(code),
    refetchInterval: isSignedIn ? false : POLL_SECONDS * 1000,
  });
  return {
    board,
    error,
    link: isSignedIn ? connection : polling,
    reconnect: actions.reconnect,
  };
}
