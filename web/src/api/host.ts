/** Running quizzes: what only their host may ask. */

import type { QuizFrame } from '@scorecast/client';
import { queryOptions } from '@tanstack/react-query';
import { newest } from '@/live/cache';
import { requestSigned, sendSigned } from './authorized';
import { request } from './http';
import { ROWS } from './quizzes';
import type {
  FinalResults,
  NewQuestion,
  OwnQuiz,
  Question,
  Questions,
  QuizPlan,
  Quizzes,
} from './wire';

export const ownQuizzes = queryOptions({
  queryKey: ['host', 'quizzes'],
  queryFn: ({ signal }) => requestSigned<Quizzes<OwnQuiz>>('/admin/quizzes?limit=100', { signal }),
});

export const ownQuiz = (quizId: string) =>
  queryOptions({
    queryKey: ['host', 'quiz', quizId],
    queryFn: ({ signal }) => requestSigned<OwnQuiz>(`/admin/quizzes/${quizId}`, { signal }),
  });

export const hostQuestions = (quizId: string) =>
  queryOptions({
    queryKey: ['host', 'quiz', quizId, 'questions'],
    queryFn: ({ signal }) =>
      requestSigned<Questions>(`/admin/quizzes/${quizId}/questions`, { signal }),
    select: ({ questions }) => questions,
  });

/** A later page of a quiz's board: a host has to reach everybody. */
export const laterRows = (quizId: string, offset: number) =>
  queryOptions({
    queryKey: ['quiz', quizId, 'board', offset],
    queryFn: ({ signal }) =>
      request<QuizFrame>(`/quizzes/${quizId}/leaderboard?limit=${ROWS}&offset=${offset}`, {
        signal,
      }),
    structuralSharing: newest,
  });

export function createQuiz(body: QuizPlan): Promise<OwnQuiz> {
  return requestSigned('/admin/quizzes', { method: 'POST', body });
}

export function deleteQuiz(quizId: string): Promise<unknown> {
  return sendSigned(`/admin/quizzes/${quizId}`, { method: 'DELETE' });
}

export function startQuiz(quizId: string): Promise<unknown> {
  return requestSigned(`/admin/quizzes/${quizId}/init`, { method: 'POST' });
}

export function endQuiz(quizId: string): Promise<FinalResults> {
  return requestSigned(`/admin/quizzes/${quizId}/end`, { method: 'POST' });
}

export function addQuestion(quizId: string, body: NewQuestion): Promise<Question> {
  return requestSigned(`/admin/quizzes/${quizId}/questions`, { method: 'POST', body });
}

export function deleteQuestion(quizId: string, questionId: string): Promise<unknown> {
  return sendSigned(`/admin/quizzes/${quizId}/questions/${questionId}`, { method: 'DELETE' });
}

export function removeParticipant(quizId: string, participantId: string): Promise<unknown> {
  return sendSigned(`/admin/quizzes/${quizId}/participants/${participantId}`, { method: 'DELETE' });
}

export function putSubject(code: string, name: string): Promise<unknown> {
  return sendSigned(`/admin/subjects/${encodeURIComponent(code)}`, {
    method: 'PUT',
    body: { name },
  });
}

/** The results of the last run as a CSV file. */
export async function resultsCsv(quizId: string): Promise<Blob> {
  const response = await sendSigned(`/admin/quizzes/${quizId}/results.csv`);
  return response.blob();
}
