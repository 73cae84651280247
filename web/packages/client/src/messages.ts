/** What the gateway says and hears on its sockets. Shapes only; nothing here runs. */

import type { QuizFrame, Said } from './gen/messages.ts';

export type * from './gen/messages.ts';

/** Which state of a board this is: versions compare within one epoch, a greater epoch wins. */
export interface Version {
  version: number;
  epoch: number;
}

/** One ranked row of a subject: sums over a user's sessions. */
export interface SubjectRow {
  user_id: string;
  username: string;
  total_score: number;
  quiz_count: number;
  average_score: number;
  total_duration_seconds: number;
  average_duration_seconds: number;
  rank: number;
}

/** One state of a subject's board, its first hundred rows. */
export interface SubjectFrame extends Version {
  subject: string;
  subject_name: string;
  /** The quiz that caused the change. */
  quiz_id: string;
  leaderboard: SubjectRow[];
  timestamp: string;
}

/** A finished attempt; with a count above 1 the first of an upload or of an ended quiz. */
export interface UploadedSession {
  session_id: string;
  user_id: string;
  username: string;
  quiz_id: string;
  subject: string | null;
  score: number;
  duration_seconds: number;
  timestamp: string;
  count: number;
}

/** What the leaderboard socket says. */
export type Incoming =
  | Said
  | { type: 'quiz_leaderboard_updated'; data: QuizFrame }
  | { type: 'leaderboard_updated'; data: SubjectFrame }
  | { type: 'quiz_session_uploaded'; data: UploadedSession }
  | { type: 'activity_skipped'; count: number };
