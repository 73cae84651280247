// Written by the gateway's tests. Not by hand.

/**
 * A subject's board has changed, or sessions came in.
 */
export type ActivityEvent = { "type": "leaderboard_updated", "data": SubjectUpdate } | { "type": "quiz_session_uploaded", "data": UploadedSession };

/**
 * What the leaderboard socket says.
 */
export type Incoming = Said | Update | ActivityEvent;

/**
 * What one may ask, as it is written.
 */
export type Outgoing = { type: Verb, quiz_id?: string, subject?: string, };

/**
 * What changed from one state of a quiz's board to another, as readers may rely on it.
 */
export type QuizDelta = { quiz_id: string, 
/**
 * The version that the reader must have, of the same epoch.
 */
base: number, version: number, epoch: number, timestamp: string | null, 
/**
 * Absent if it is the same.
 */
total_participants?: number, 
/**
 * Absent if it is the same.
 */
status?: QuizStatus, 
/**
 * Rows that are new or have changed, from the first to the last: the position of each, whose it
 * is, and its score.
 */
rows?: Array<[number, WhoseRow, number]>, 
/**
 * The positions, in the base, of rows that are no more.
 */
gone?: Array<number>, 
/**
 * Rows that share a rank, by the positions of the first and the last of them.
 */
tied?: Array<[number, number]>, 
/**
 * Present while scoring is out of reach.
 */
stale?: boolean, 
/**
 * Only on a participant's own socket.
 */
you?: You, };

/**
 * One state of a quiz's board: the whole object, as its readers may rely on it.
 */
export type QuizFrame = { quiz_id: string, leaderboard: Array<QuizRow>, total_participants: number, 
/**
 * When scoring read this state.
 */
timestamp: string | null, version: number, epoch: number, status: QuizStatus, 
/**
 * Present while scoring is out of reach.
 */
stale?: boolean, 
/**
 * Only on a participant's own socket.
 */
you?: You, };

/**
 * One ranked row of a quiz.
 */
export type QuizRow = { participant_id: string, username: string, score: number, rank: number, };

/**
 * Where a quiz is in its life.
 */
export type QuizStatus = "pending" | "started" | "ended";

/**
 * What the leaderboard socket says, new states of boards and events aside.
 */
export type Said = { "type": "subscription_confirmed", message: string, } & ({ "quiz_id": string } | { "subject": string }) | { "type": "unsubscription_confirmed", message: string, } & ({ "quiz_id": string } | { "subject": string }) | { "type": "activity_skipped", count: number, } | { "type": "pong" } | { "type": "error", code: string, message: string, quiz_id?: string, subject?: string, };

/**
 * A duration in whole milliseconds. In JSON it is a number of seconds, without a point if they are
 * whole.
 */
export type Seconds = number;

/**
 * One state of a subject's board: its users, ranked by the sums over their sessions.
 */
export type SubjectBoard = { subject: string, subject_name: string, leaderboard: Array<SubjectRow>, total_users: number, timestamp: string | null, version: number, epoch: number, };

/**
 * One ranked row of a subject: sums over a user's sessions.
 */
export type SubjectRow = { user_id: string, username: string, total_score: number, quiz_count: number, average_score: number, total_duration_seconds: Seconds, average_duration_seconds: Seconds, rank: number, };

/**
 * One state of a subject's board, its first hundred rows.
 */
export type SubjectUpdate = { 
/**
 * The quiz that caused the change, if that is known.
 */
quiz_id: string | null, subject: string, subject_name: string, leaderboard: Array<SubjectRow>, total_users: number, timestamp: string | null, version: number, epoch: number, };

/**
 * A quiz's new state: spliced from the bytes of its frame, so told here.
 */
export type Update = { "type": "quiz_leaderboard_updated", data: QuizFrame, };

/**
 * The same where deltas are asked for.
 */
export type UpdateByDelta = { "type": "quiz_leaderboard_delta", data: QuizDelta, };

/**
 * A finished attempt; with a count above 1 the first of an upload or of an ended quiz.
 */
export type UploadedSession = { session_id: string, user_id: string, username: string, quiz_id: string, subject: string | null, score: number, duration_seconds: Seconds, timestamp: string | null, count: number, };

export type Verb = "subscribe_quiz" | "unsubscribe_quiz" | "subscribe_subject" | "unsubscribe_subject" | "ping";

/**
 * Whose a row is.
 */
export type WhoseRow = number | { participant_id: string, username: string, };

/**
 * Where the reader stands, also outside the rows; may lag them by a second.
 */
export type You = { participant_id: string, score: number, rank: number, version: number, };
