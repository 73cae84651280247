/** Which messages are worth a notification, and in which words. */

import type { Incoming, QuizFrame, SubjectBoard, SubjectRow } from '@scorecast/client';
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { QuizInfo, Subjects } from '@/api/wire';
import { count } from '@/lib/words';
import type { NotificationKind } from '@/ui/notifications';

export interface News {
  text: string;
  kind: NotificationKind;
}

/** The news in a message, judged by what the cache knew before it. */
export function newsOf(message: Incoming, cache: QueryClient): News | undefined {
  switch (message.type) {
    case 'quiz_session_uploaded': {
      const { count: sessions, username, score, subject, quiz_id } = message.data;
      // Sessions are told to everybody; news they are to those who look at their board.
      if (!isLookedAt(cache, ['subject', subject, 'board'], ['quiz', quiz_id, 'board'])) return;
      const place = subject ? ` in ${subjectName(cache, subject)}` : '';
      return {
        text:
          sessions > 1
            ? `${count(sessions, 'new result')}${place}`
            : `${username} finished with ${count(score, 'point')}${place}`,
        kind: 'info',
      };
    }
    case 'leaderboard_updated': {
      const { data } = message;
      const before = cache.getQueryData<SubjectBoard>(['subject', data.subject, 'board']);
      return newLeader(before?.leaderboard, data.leaderboard, data.subject_name);
    }
    case 'quiz_leaderboard_updated': {
      const { data } = message;
      const before = cache.getQueryData<QuizFrame>(['quiz', data.quiz_id, 'board']);
      if (!before || before.status === data.status) return;
      const title =
        cache.getQueryData<QuizInfo>(['quiz', data.quiz_id, 'info'])?.title ?? 'The quiz';
      if (data.status === 'started') return { text: `${title} has started`, kind: 'success' };
      if (data.status === 'ended') return { text: `${title} has ended`, kind: 'info' };
      return;
    }
    case 'subscription_confirmed': {
      const name =
        'subject' in message
          ? subjectName(cache, message.subject)
          : cache.getQueryData<QuizInfo>(['quiz', message.quiz_id, 'info'])?.title;
      return name ? { text: `You follow ${name} live`, kind: 'success' } : undefined;
    }
    case 'error':
      return { text: message.message, kind: 'error' };
    default:
      return;
  }
}

function newLeader(
  before: SubjectRow[] | undefined,
  now: SubjectRow[],
  where: string,
): News | undefined {
  const leader = now[0];
  if (!leader || !before?.[0] || before[0].user_id === leader.user_id) return;
  return { text: `${leader.username} leads ${where} now`, kind: 'info' };
}

function isLookedAt(cache: QueryClient, ...keys: QueryKey[]): boolean {
  return keys.some((queryKey) => cache.getQueryCache().find({ queryKey })?.isActive());
}

function subjectName(cache: QueryClient, code: string): string {
  const board = cache.getQueryData<SubjectBoard>(['subject', code, 'board']);
  const listed = cache.getQueryData<Subjects>(['subjects'])?.subjects;
  return board?.subject_name ?? listed?.find(({ subject }) => subject === code)?.name ?? code;
}
