/** Quizzes as anyone and as their participants see them. */

import type { QuizFrame } from '@scorecast/client';
import { queryOptions } from '@tanstack/react-query';
import { readClaims } from '@/auth/claims';
import { randomId } from '@/lib/random';
import { newest } from '@/live/cache';
import type { Seat, TakenSeat } from '@/quiz/seats';
import { requestSigned, withToken } from './authorized';
import { isRefused, request } from './http';
import type {
  Answers,
  Joined,
  Questions,
  QuizInfo,
  QuizPerformance,
  Quizzes,
  Verdict,
} from './wire';

export const ROWS = 100;

/** Those to play now, the running ones first, and those that ended lately. */
export const openQuizzes = queryOptions({
  queryKey: ['quizzes'],
  queryFn: async ({ signal }) => {
    const list = (query: string) =>
      request<Quizzes<QuizInfo>>(`/quizzes?status=${query}`, { signal });
    const [started, pending, ended] = await Promise.all([
      list('started&limit=100'),
      list('pending&limit=100'),
      list('ended&limit=10'),
    ]);
    // What starts meanwhile comes twice.
    const running = new Set(started.quizzes.map(({ quiz_id }) => quiz_id));
    const waiting = pending.quizzes.filter(({ quiz_id }) => !running.has(quiz_id));
    return { open: [...started.quizzes, ...waiting], ended: ended.quizzes };
  },
  refetchInterval: 15_000,
});

export const quizInfo = (quizId: string) =>
  queryOptions({
    queryKey: ['quiz', quizId, 'info'],
    queryFn: ({ signal }) => request<QuizInfo>(`/quizzes/${quizId}/info`, { signal }),
  });

/** The board, whichever way it comes: here by request, on sockets by `takeInQuizFrame`. */
export const quizBoard = (quizId: string) =>
  queryOptions({
    queryKey: ['quiz', quizId, 'board'],
    queryFn: ({ signal }) =>
      request<QuizFrame>(`/quizzes/${quizId}/leaderboard?limit=${ROWS}`, { signal }),
    structuralSharing: newest,
  });

/** The rows right above and below a participant, for one who is not among the first. */
export const rowsAround = (quizId: string, participantId: string) =>
  queryOptions({
    queryKey: ['quiz', quizId, 'around', participantId],
    queryFn: ({ signal }) =>
      request<QuizFrame>(`/quizzes/${quizId}/leaderboard?limit=5&around=${participantId}`, {
        signal,
      }),
    structuralSharing: newest,
  });

export const quizQuestions = (seat: Seat, run: string | null) =>
  queryOptions({
    queryKey: ['quiz', seat.quizId, 'questions', run],
    queryFn: ({ signal }) =>
      request<Questions>(`/quizzes/${seat.quizId}/questions`, {
        token: seat.token,
        signal,
      }),
    select: ({ questions }) => questions,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const ownAnswers = (seat: Seat, run: string | null) =>
  queryOptions({
    queryKey: ['quiz', seat.quizId, 'answers', seat.participantId, run],
    queryFn: ({ signal }) =>
      request<Answers>(`/quizzes/${seat.quizId}/answers`, {
        token: seat.token,
        signal,
      }),
  });

export const ownQuizPerformance = (seat: Seat, run: string | null) =>
  queryOptions({
    queryKey: ['quiz', seat.quizId, 'performance', seat.participantId, run],
    queryFn: ({ signal }) =>
      request<QuizPerformance>(`/quizzes/${seat.quizId}/performance`, {
        token: seat.token,
        signal,
      }),
  });

/** The seat that the signed-in user took on another device, if there is one; taken here as well. */
export const seatElsewhere = (quizId: string, userId: string | undefined) =>
  queryOptions({
    queryKey: ['quiz', quizId, 'seat-of', userId],
    queryFn: async ({ signal }): Promise<TakenSeat | null> => {
      try {
        await requestSigned(`/quizzes/${quizId}/performance`, { signal });
      } catch (error) {
        if (isRefused(error, 'NOT_A_PARTICIPANT', 'PARTICIPANT_NOT_FOUND', 'NOT_FOUND'))
          return null;
        throw error;
      }
      // Of a user who has a seat, joining gives that seat again, whatever the name.
      return join(quizId, '', randomId());
    },
    enabled: userId !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export function quizByCode(code: string, signal?: AbortSignal): Promise<QuizInfo> {
  return request(`/join/${encodeURIComponent(code)}`, signal ? { signal } : {});
}

/** Takes a seat: the user's own if somebody is signed in. */
export function join(quizId: string, username: string, join_id: string): Promise<TakenSeat> {
  const body = { username, join_id };
  return withToken(async (token) => ({
    ...(await request<Joined>(`/quizzes/${quizId}/join`, { method: 'POST', body, token })),
    userId: token === null ? undefined : readClaims(token)?.id,
  }));
}

export interface Answer {
  questionId: string;
  option: number;
  /** The same for every try of this answer, so that it counts once. */
  submissionId: string;
}

export function submitAnswer(seat: Seat, answer: Answer): Promise<Verdict> {
  return request(`/quizzes/${seat.quizId}/answer`, {
    method: 'POST',
    token: seat.token,
    body: {
      participant_id: seat.participantId,
      question_id: answer.questionId,
      answer_index: answer.option,
      submission_id: answer.submissionId,
    },
  });
}
