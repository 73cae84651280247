/** The page in a small world: a server that answers as told, sockets that the test plays. */

import type { QuizFrame, QuizRow } from '@scorecast/client';
import type { QueryClient } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { afterEach, vi } from 'vitest';
import { App, newCache } from '@/App';
import { keepSeat } from '@/quiz/seats';
import { FakeSocket } from '../packages/client/test/fake-socket';

export { FakeSocket };

/** What the server answers: a body, a whole response, or something that makes one. */
type Answer = object | ((body: unknown, url: URL) => object | Promise<object>);

/** Answers by method and path, as `GET /quizzes`; a query is left out of account. */
export type Answers = Record<string, Answer>;

/** A request as the server got it. */
export interface Asked {
  request: string;
  body: unknown;
  token: string | null;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Puts a server and a network in place; gives what was asked of the server. */
export function serve(answers: Answers): Asked[] {
  const asked: Asked[] = [];
  FakeSocket.dialled = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', async (url: URL | string, init: RequestInit = {}) => {
    const target = new URL(url);
    const request = `${init.method ?? 'GET'} ${target.pathname}`;
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    asked.push({ request, body, token: new Headers(init.headers).get('authorization') });
    const answer = answers[request];
    if (answer === undefined) return refusal(404, 'NOT_FOUND', 'there is nothing here');
    const given = typeof answer === 'function' ? await answer(body, target) : answer;
    return given instanceof Response ? given.clone() : Response.json(given);
  });
  return asked;
}

export function refusal(status: number, code: string, error: string): Response {
  return Response.json({ error, code }, { status });
}

/** What a request meets when the network is away. */
export function noNetwork(): never {
  throw new TypeError('Failed to fetch');
}

/** Shows the page at a path. */
export function visit(path: string): { cache: QueryClient } {
  window.history.replaceState(null, '', path);
  const cache = newCache();
  cache.setDefaultOptions({ queries: { ...cache.getDefaultOptions().queries, retryDelay: 1 } });
  render(<App cache={cache} />);
  return { cache };
}

/** A token that says so of its bearer; only the page reads it. */
export function token(claims: object): string {
  const payload = btoa(JSON.stringify({ exp: Date.now() / 1000 + 3600, ...claims }));
  return `e30.${payload}.signature`;
}

export function signedIn(claims: object = { sub: 'ana', username: 'Ana' }): string {
  const jwt = token(claims);
  localStorage.setItem('scorecast.session', JSON.stringify({ token: jwt, tokenUrl: null }));
  return jwt;
}

export function seated(name = 'Ana'): void {
  keepSeat({
    quiz_id: QUIZ,
    participant_id: `p_${name}`,
    username: name,
    participant_token: `pt_${name}`,
  });
}

/** Gives whoever joins a seat of its own. */
export const givesSeats = (body: unknown): object => {
  const { username } = body as { username: string };
  return {
    participant_id: `p_${username}`,
    quiz_id: QUIZ,
    username,
    participant_token: `pt_${username}`,
  };
};

export const QUIZ = 'quiz_000000000001';

export function info(change: object = {}): object {
  return {
    quiz_id: QUIZ,
    join_code: '402913',
    title: 'Rivers',
    description: '',
    subject: null,
    status: 'started',
    started_at: '2026-02-02T10:00:00.000Z',
    end_time: new Date(Date.now() + 600_000).toISOString(),
    total_questions: 2,
    total_participants: 2,
    ...change,
  };
}

/** Rows from names and scores, best first. */
export function rowsOf(scores: Record<string, number>): QuizRow[] {
  return Object.entries(scores)
    .sort(([, a], [, b]) => b - a)
    .map(([username, score], _, all) => ({
      participant_id: `p_${username}`,
      username,
      score,
      rank: 1 + all.filter(([, other]) => other > score).length,
    }));
}

export function frame(
  version: number,
  scores: Record<string, number>,
  change: Partial<QuizFrame> = {},
): QuizFrame {
  const leaderboard = rowsOf(scores);
  return {
    quiz_id: QUIZ,
    leaderboard,
    total_participants: leaderboard.length,
    timestamp: new Date().toISOString(),
    version,
    epoch: 1,
    status: 'started',
    ...change,
  };
}

/** The socket dialled last to a path that contains this. */
export async function socketTo(part: string): Promise<FakeSocket> {
  return vi.waitFor(() => {
    const socket = FakeSocket.dialled.findLast(({ url, closed }) => url.includes(part) && !closed);
    if (!socket) throw new Error(`nobody dialled ${part}`);
    return socket;
  });
}
