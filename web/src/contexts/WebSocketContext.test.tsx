import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import { StrictMode, useEffect, useState } from 'react';
import { beforeEach, expect, test, vi } from 'vitest';
import { newCache } from '@/App';
import { signIn, signOut } from '@/auth/session';
import { Notifications } from '@/ui/notifications';
import { FakeSocket, frame, QUIZ, serve, signedIn, socketTo, token } from '../../test/world';
import { useWebSocket, WebSocketProvider, type WebSocketValue } from './WebSocketContext';

let live: WebSocketValue;
let asked: ReturnType<typeof serve>;

function Reader() {
  live = useWebSocket();
  return (
    <p>
      {live.isConnected ? 'connected' : 'not connected'}, {live.lastMessage?.type ?? 'nothing'}
    </p>
  );
}

function show(children = <Reader />) {
  const cache = newCache();
  render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <Notifications>
          <WebSocketProvider random={() => 1}>{children}</WebSocketProvider>
        </Notifications>
      </QueryClientProvider>
    </StrictMode>,
  );
  return cache;
}

const open = async () => {
  const socket = await socketTo('/ws/leaderboard/');
  act(() => void socket.accepts());
  return socket;
};

beforeEach(() => {
  asked = serve({});
});

test('nobody signed in, nothing dialled', () => {
  show();
  expect(screen.getByText('not connected, nothing')).toBeInTheDocument();
  expect(FakeSocket.dialled).toEqual([]);
});

test('signing in connects, once, with the token out of the URL', async () => {
  show();
  const jwt = token({ sub: 'ana' });
  act(() => signIn(jwt));
  const socket = await open();
  expect(screen.getByText('connected, nothing')).toBeInTheDocument();
  expect(FakeSocket.dialled).toHaveLength(1);
  expect(socket.url).not.toContain(jwt);
  expect(socket.protocols).toEqual(['scorecast.v1', `bearer.${jwt}`]);
});

test('signing out says goodbye with code 1000', async () => {
  signedIn();
  show();
  const socket = await open();
  act(() => signOut());
  expect(socket.closed).toEqual({ code: 1000, reason: 'sign-out' });
  expect(screen.getByText('not connected, nothing')).toBeInTheDocument();
});

test('a component subscribes on entering and unsubscribes on leaving', async () => {
  function Quiz() {
    const { subscribeToQuiz, unsubscribeFromQuiz } = useWebSocket();
    useEffect(() => {
      subscribeToQuiz(QUIZ);
      return () => unsubscribeFromQuiz(QUIZ);
    }, [subscribeToQuiz, unsubscribeFromQuiz]);
    return null;
  }
  function Page() {
    const [isHere, setIsHere] = useState(true);
    return (
      <button type="button" onClick={() => setIsHere(false)}>
        {isHere && <Quiz />} leave
      </button>
    );
  }
  signedIn();
  show(<Page />);
  const socket = await open();
  expect(socket.sent).toEqual([{ type: 'subscribe_quiz', quiz_id: QUIZ }]);
  act(() => screen.getByRole('button').click());
  expect(socket.sent.at(-1)).toEqual({ type: 'unsubscribe_quiz', quiz_id: QUIZ });
});

test('the last message is there for whoever wants it, and its data in the cache', async () => {
  signedIn();
  const cache = show();
  const socket = await open();
  act(() => socket.says({ type: 'quiz_leaderboard_updated', data: frame(3, { Ana: 30 }) }));
  expect(screen.getByText('connected, quiz_leaderboard_updated')).toBeInTheDocument();
  expect(cache.getQueryData(['quiz', QUIZ, 'board'])).toMatchObject({ version: 3 });
});

test('a message of an unknown type breaks nothing', async () => {
  signedIn();
  show();
  const socket = await open();
  act(() => socket.says({ type: 'weather' }));
  expect(screen.getByText('connected, weather')).toBeInTheDocument();
});

test('an uploaded session makes what it concerns be fetched again', async () => {
  signedIn();
  const cache = show();
  const refetches = vi.spyOn(cache, 'invalidateQueries');
  const socket = await open();
  const data = { subject: 'BIO', quiz_id: QUIZ, username: 'ben', score: 90, count: 1 };
  act(() => socket.says({ type: 'quiz_session_uploaded', data }));
  expect(refetches.mock.calls.map(([filters]) => filters?.queryKey)).toEqual([
    ['subject', 'BIO'],
    ['me'],
  ]);
});

test('a token that is refused is asked for once more, then one has to sign in again', async () => {
  signedIn();
  show();
  const socket = await open();
  act(() => socket.breaks(4401, 'token expired'));
  await vi.waitFor(() => expect(localStorage.getItem('scorecast.session')).toContain('null'));
  expect(FakeSocket.dialled).toHaveLength(1);
  expect(asked).toEqual([]);
});

test('anybody can show a notification', async () => {
  show();
  act(() => live.showNotification('Custom message', 'success'));
  expect(screen.getByText('Custom message')).toBeInTheDocument();
});

test('what the server has against a message is shown, the socket stays', async () => {
  signedIn();
  show();
  const socket = await open();
  act(() => socket.says({ type: 'error', code: 'TOO_MANY_SUBSCRIPTIONS', message: 'too many' }));
  expect(screen.getByText('too many')).toBeInTheDocument();
  expect(live.isConnected).toBe(true);
});
