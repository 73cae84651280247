/** Subjects and their boards. */

import type { SubjectBoard } from '@scorecast/client';
import { queryOptions } from '@tanstack/react-query';
import { newest } from '@/live/cache';
import { requestSigned } from './authorized';
import { request } from './http';
import type { OwnPerformance, Subjects } from './wire';

export const subjects = queryOptions({
  queryKey: ['subjects'],
  queryFn: ({ signal }) => request<Subjects>('/subjects', { signal }),
  select: ({ subjects }) => subjects,
  staleTime: 60_000,
});

/** The board, whichever way it comes: here by request, on the socket by `takeInSubjectFrame`. */
export const subjectBoard = (code: string) =>
  queryOptions({
    queryKey: ['subject', code, 'board'],
    queryFn: ({ signal }) =>
      request<SubjectBoard>(`/subjects/${encodeURIComponent(code)}/leaderboard?limit=100`, {
        signal,
      }),
    structuralSharing: newest,
  });

/** So many rows around the signed-in user; with 1 that user's own. */
export const subjectRowsAroundMe = (code: string, limit: number) =>
  queryOptions({
    queryKey: ['subject', code, 'around-me', limit],
    queryFn: ({ signal }) =>
      requestSigned<SubjectBoard>(
        `/subjects/${encodeURIComponent(code)}/leaderboard?limit=${limit}&around=me`,
        { signal },
      ),
    structuralSharing: newest,
    retry: false,
  });

export const ownPerformance = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => requestSigned<OwnPerformance>('/users/me/performance', { signal }),
});
