/** What the gateway says and hears on its sockets. Shapes only; nothing here runs. */

/** Which state of a board this is: versions compare within one epoch, a greater epoch wins. */
export interface Version {
  version: number;
  epoch: number;
}

/** Where a quiz is in its life. */
export type QuizStatus = 'pending' | 'started' | 'ended';

/** One ranked row of a quiz. */
export interface QuizRow {
  participant_id: string;
  username: string;
  score: number;
  rank: number;
}

/** Where the reader stands, also outside the rows; may lag them by a second. */
export interface You {
  participant_id: string;
  score: number;
  rank: number;
  version: number;
}

/** One state of a quiz's board. */
export interface QuizFrame extends Version {
  quiz_id: string;
  leaderboard: QuizRow[];
  total_participants: number;
  /** When scoring read this state, RFC 3339 in UTC. */
  timestamp: string;
  status: QuizStatus;
  /** Present while scoring is out of reach. */
  stale?: true;
  /** Only on a participant's own socket. */
  you?: You;
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

/** What one may ask of the leaderboard socket. */
export type Outgoing =
  | { type: 'subscribe_quiz' | 'unsubscribe_quiz'; quiz_id: string }
  | { type: 'subscribe_subject' | 'unsubscribe_subject'; subject: string }
  | { type: 'ping' };

/** What the leaderboard socket says. */
export type Incoming =
  | {
      type: 'subscription_confirmed' | 'unsubscription_confirmed';
      quiz_id?: string;
      subject?: string;
      message: string;
    }
  | { type: 'quiz_leaderboard_updated'; data: QuizFrame }
  | { type: 'leaderboard_updated'; data: SubjectFrame }
  | { type: 'quiz_session_uploaded'; data: UploadedSession }
  | { type: 'activity_skipped'; count: number }
  | { type: 'pong' }
  | { type: 'error'; code: string; message: string; quiz_id?: string; subject?: string };
