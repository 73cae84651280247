// Written by the gateway's tests. Not by hand.

import type { QuizStatus, Seconds } from '@scorecast/client';

/**
 * An answer to one question.
 */
export type Answer = { 
/**
 * The participant whose token it is.
 */
participant_id?: string | null, question_id: string, 
/**
 * The index of an option, from 0.
 */
answer_index: number, 
/**
 * Makes it harmless to send the same again: at most 64 visible ASCII characters of one's own.
 */
submission_id?: string | null, };

/**
 * The answers that one gave, first given first.
 */
export type Answers = { quiz_id: string, answers: Array<GivenAnswer>, };

export type FinalResult = { participant_id: string, username: string, score: number, rank: number, };

/**
 * A quiz that has ended, with the first 100 results.
 */
export type FinalResults = { quiz_id: string, status: QuizStatus, ended_at: string | null, final_results: Array<FinalResult>, total_participants: number, };

export type GivenAnswer = { question_id: string, answer_index: number, correct: boolean, points_earned: number, answered_at: string | null, };

/**
 * Under which name somebody joins.
 */
export type Join = { 
/**
 * 1 to 64 characters, unique in the quiz. Of a user, the token's name if absent.
 */
username?: string | null, 
/**
 * Makes it harmless to send the same again: at most 64 visible ASCII characters of one's own.
 */
join_id?: string | null, };

/**
 * A seat, and the token that proves whose it is.
 */
export type Joined = { participant_id: string, quiz_id: string, username: string, participant_token: string, };

/**
 * A user's token.
 */
export type LoggedIn = { token: string, expires_at: string, };

/**
 * Who signs in.
 */
export type Login = { 
/**
 * 1 to 64 characters.
 */
username: string, role?: Role | null, 
/**
 * A host's.
 */
password?: string, };

/**
 * A question to add.
 */
export type NewQuestion = { 
/**
 * 1 to 1000 characters.
 */
text: string, 
/**
 * 2 to 10, of 1 to 200 characters each, all different.
 */
options: Array<string>, 
/**
 * The index of the right option, from 0.
 */
correct_answer: number, 
/**
 * 1 to 100; 10 if absent.
 */
points?: number | null, };

/**
 * How a user did everywhere: by quiz, newest first, and by subject.
 */
export type OwnPerformance = { quizzes: Array<QuizPerformance>, subjects: Array<SubjectPerformance>, };

/**
 * All that its host may know of a quiz.
 */
export type OwnQuiz = { started_at: string | null, ended_at: string | null, total_questions: number, total_participants: number, end_time: string | null, listed: boolean, self_report: boolean, quiz_id: string, join_code: string, title: string, description: string, subject: string | null, status: QuizStatus, duration_minutes: number, created_at: string | null, };

/**
 * A question; participants never see which option is correct.
 */
export type Question = { question_id: string, quiz_id: string, text: string, options: Array<string>, 
/**
 * The index of the right option; only to the quiz's host, when it adds the question and once the
 * quiz has ended.
 */
correct_answer?: number, points: number, };

/**
 * The questions of a quiz.
 */
export type Questions = { quiz_id: string, questions: Array<Question>, };

/**
 * What anyone may know of a quiz.
 */
export type QuizInfo = { quiz_id: string, join_code: string, title: string, description: string, subject: string | null, status: QuizStatus, started_at: string | null, end_time: string | null, total_questions: number, total_participants: number, };

/**
 * How somebody did in one quiz.
 */
export type QuizPerformance = { quiz_id: string, participant_id: string, username: string, score: number, rank: number, total_participants: number, percentile: number, answered: number, correct: number, duration_seconds: Seconds, title: string, subject: string | null, };

/**
 * A quiz to make.
 */
export type QuizPlan = { 
/**
 * 1 to 200 characters.
 */
title: string, 
/**
 * At most 1000 characters.
 */
description?: string | null, 
/**
 * The code of a subject that there is.
 */
subject?: string | null, 
/**
 * 5 to 180; 30 if absent.
 */
duration_minutes?: number | null, 
/**
 * Whether anyone finds it before it has started.
 */
listed: boolean, 
/**
 * Whether users may upload their own sessions.
 */
self_report: boolean, };

/**
 * One page of quizzes.
 */
export type Quizzes<Q> = { quizzes: Array<Q>, total: number, limit: number, offset: number, };

/**
 * The only role that one can sign in to.
 */
export type Role = "host";

/**
 * How one signs in here.
 */
export type SignIn = { "kind": "builtin" } | { "kind": "external", sign_in_url: string, token_url: string, };

/**
 * A field that quizzes belong to.
 */
export type Subject = { subject: string, name: string, };

/**
 * How a user did in one subject.
 */
export type SubjectPerformance = { subject: string, subject_name: string, rank: number, total_users: number, percentile: number, quiz_count: number, best_score: number, average_score: number, total_score: number, total_duration_seconds: Seconds, average_duration_seconds: Seconds, };

/**
 * All subjects.
 */
export type Subjects = { subjects: Array<Subject>, };

/**
 * What an answer has earned.
 */
export type Verdict = { correct: boolean, points_earned: number, total_score: number, 
/**
 * The version of the board from which on it is to be seen.
 */
version: number, };
