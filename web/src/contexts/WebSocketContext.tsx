/**
 * The live connection of a signed-in user, for the whole page: connects on sign-in, says goodbye
 * on sign-out, puts what it hears into the query cache and tells of it.
 */

import {
  followLeaderboards,
  type Incoming,
  type Leaderboards,
  type LeaderboardsPlan,
  type State,
} from '@scorecast/client/deltas';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useMemo, useRef, useState } from 'react';
import { freshToken, useUser } from '@/auth/session';
import { takeInQuizFrame, takeInSubjectFrame } from '@/live/cache';
import { refetchShownSoon, throttledInvalidation } from '@/live/refetch';
import { gateway } from '@/settings';
import { type NotificationKind, useShowNotification } from '@/ui/notifications';
import { newsOf } from './news';

/** What one may do; the same from first to last, so that its users do not render again. */
export interface WebSocketActions {
  subscribeToQuiz(quizId: string): void;
  unsubscribeFromQuiz(quizId: string): void;
  subscribeToSubject(code: string): void;
  unsubscribeFromSubject(code: string): void;
  /** Dials at once, with all attempts ahead. */
  reconnect(): void;
  showNotification(text: string, kind?: NotificationKind): void;
}

export interface WebSocketValue extends WebSocketActions {
  isConnected: boolean;
  /** How the connection stands, in detail. */
  connection: State;
  lastMessage: Incoming | null;
}

const IDLE: State = { phase: 'idle', attempt: 0 };

const ActionsContext = createContext<WebSocketActions | null>(null);
const ConnectionContext = createContext<State>(IDLE);
const MessageContext = createContext<Incoming | null>(null);

/** Everything about the live connection; renders with each message. */
export function useWebSocket(): WebSocketValue {
  const connection = useConnection();
  const lastMessage = use(MessageContext);
  return {
    ...useWebSocketActions(),
    connection,
    isConnected: connection.phase === 'open',
    lastMessage,
  };
}

/** How the connection stands; renders when that changes. */
export function useConnection(): State {
  return use(ConnectionContext);
}

/** What one may do; never the reason for a render. */
export function useWebSocketActions(): WebSocketActions {
  const actions = use(ActionsContext);
  if (!actions) throw new Error('useWebSocket needs a WebSocketProvider around it');
  return actions;
}

interface Props extends Pick<LeaderboardsPlan, 'random' | 'WebSocket'> {
  children: ReactNode;
}

export function WebSocketProvider({ children, random, WebSocket }: Props) {
  const cache = useQueryClient();
  const showNotification = useShowNotification();
  const isSignedIn = useUser() !== null;
  const [connection, setConnection] = useState(IDLE);
  const [lastMessage, setLastMessage] = useState<Incoming | null>(null);
  const token = useRef<string>(undefined);

  const boards = useMemo(() => {
    const takeIn = takerIn(cache, showNotification);
    let hasBeenOpen = false;
    return followLeaderboards({
      url: gateway,
      async getToken(refused) {
        const fresh = await freshToken(refused ? token.current : undefined);
        token.current = fresh ?? undefined;
        return fresh;
      },
      onMessage(message) {
        takeIn(message);
        setLastMessage(message);
      },
      onState(state) {
        setConnection(state);
        if (state.phase !== 'open') return;
        // What was missed meanwhile; everybody comes back at once, so nobody asks at once.
        if (hasBeenOpen) refetchShownSoon(cache);
        hasBeenOpen = true;
      },
      ...(random && { random }),
      ...(WebSocket && { WebSocket }),
    });
  }, [cache, showNotification, random, WebSocket]);

  useEffect(() => {
    if (!isSignedIn) return;
    boards.open();
    return () => boards.close('sign-out');
  }, [boards, isSignedIn]);

  const actions = useMemo(
    () => ({ ...actionsOn(boards), showNotification }),
    [boards, showNotification],
  );
  return (
    <ActionsContext value={actions}>
      <ConnectionContext value={connection}>
        <MessageContext value={lastMessage}>{children}</MessageContext>
      </ConnectionContext>
    </ActionsContext>
  );
}

function actionsOn(boards: Leaderboards): Omit<WebSocketActions, 'showNotification'> {
  return {
    subscribeToQuiz: (id) => boards.subscribe('quiz', id),
    unsubscribeFromQuiz: (id) => boards.unsubscribe('quiz', id),
    subscribeToSubject: (code) => boards.subscribe('subject', code),
    unsubscribeFromSubject: (code) => boards.unsubscribe('subject', code),
    reconnect: () => boards.open(),
  };
}

/** States go into the cache; signals without one make what they concern be fetched again. */
function takerIn(cache: QueryClient, show: WebSocketActions['showNotification']) {
  const invalidate = throttledInvalidation(cache);
  return (message: Incoming) => {
    const news = newsOf(message, cache);
    if (news) show(news.text, news.kind);
    switch (message.type) {
      case 'quiz_leaderboard_updated':
        return takeInQuizFrame(cache, message.data);
      case 'leaderboard_updated':
        return takeInSubjectFrame(cache, message.data);
      case 'quiz_session_uploaded':
        if (message.data.subject) invalidate(['subject', message.data.subject]);
        return invalidate(['me']);
      case 'activity_skipped':
        invalidate(['subject']);
        return invalidate(['me']);
      default:
        return;
    }
  };
}
