/** What the gateway says and hears on its sockets. Shapes only; nothing here runs. */

import type { QuizFrame, Said, SubjectBoard } from './gen/messages.ts';

export type * from './gen/messages.ts';

/** Which state of a board this is: versions compare within one epoch, a greater epoch wins. */
export interface Version {
  version: number;
  epoch: number;
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
  | { type: 'leaderboard_updated'; data: SubjectBoard }
  | { type: 'quiz_session_uploaded'; data: UploadedSession }
  | { type: 'activity_skipped'; count: number };
