// Written by the gateway's tests. Not by hand.

import type { QuizStatus, Seconds } from '@scorecast/client';

/**
 * How one signs in here.
 */
export type SignIn = { "kind": "builtin" } | { "kind": "external", sign_in_url: string, token_url: string, };

/**
 * The only role that one can sign in to.
 */
export type Role = "host";

export type Login = { username: string, role?: Role | null, password?: string, };

export type LoggedIn = { token: string, expires_at: string, };

/**
 * What anyone may know of a quiz.
 */
export type QuizInfo = { quiz_id: string, join_code: string, title: string, description: string, subject: string | null, status: QuizStatus, started_at: string | null, end_time: string | null, total_questions: number, total_participants: number, };

/**
 * One page of quizzes.
 */
export type Quizzes<Q> = { quizzes: Array<Q>, total: number, limit: number, offset: number, };

export type Join = { 
/**
 * Of a user, the token's name if absent.
 */
username?: string | null, join_id?: string | null, };

export type Joined = { participant_id: string, quiz_id: string, username: string, participant_token: string, };

/**
 * A question; participants never see which option is correct.
 */
export type Question = { question_id: string, quiz_id: string, text: string, options: Array<string>, correct_answer?: number, points: number, };

/**
 * The questions of a quiz.
 */
export type Questions = { quiz_id: string, questions: Array<Question>, };

export type Answer = { participant_id?: string | null, question_id: string, answer_index: number, submission_id?: string | null, };

export type Verdict = { correct: boolean, points_earned: number, total_score: number, version: number, };

export type GivenAnswer = { question_id: string, answer_index: number, correct: boolean, points_earned: number, answered_at: string | null, };

export type Answers = { quiz_id: string, answers: Array<GivenAnswer>, };

export type QuizPlan = { title: string, description?: string | null, subject?: string | null, duration_minutes?: number | null, listed: boolean, self_report: boolean, };

/**
 * All that its host may know of a quiz.
 */
export type OwnQuiz = { started_at: string | null, ended_at: string | null, total_questions: number, total_participants: number, end_time: string | null, listed: boolean, self_report: boolean, quiz_id: string, join_code: string, title: string, description: string, subject: string | null, status: QuizStatus, duration_minutes: number, created_at: string | null, };

export type NewQuestion = { text: string, options: Array<string>, correct_answer: number, points?: number | null, };

export type FinalResult = { participant_id: string, username: string, score: number, rank: number, };

export type FinalResults = { quiz_id: string, status: QuizStatus, ended_at: string | null, final_results: Array<FinalResult>, total_participants: number, };

/**
 * A field that quizzes belong to.
 */
export type Subject = { subject: string, name: string, };

/**
 * All subjects.
 */
export type Subjects = { subjects: Array<Subject>, };

/**
 * How somebody did in one quiz.
 */
export type QuizPerformance = { quiz_id: string, participant_id: string, username: string, score: number, rank: number, total_participants: number, percentile: number, answered: number, correct: number, duration_seconds: Seconds, title: string, subject: string | null, };

/**
 * How a user did in one subject.
 */
export type SubjectPerformance = { subject: string, subject_name: string, rank: number, total_users: number, percentile: number, quiz_count: number, best_score: number, average_score: number, total_score: number, total_duration_seconds: Seconds, average_duration_seconds: Seconds, };

/**
 * How a user did everywhere: by quiz, newest first, and by subject.
 */
export type OwnPerformance = { quizzes: Array<QuizPerformance>, subjects: Array<SubjectPerformance>, };
