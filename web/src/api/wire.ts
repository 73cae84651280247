/** The bodies of the gateway's HTTP routes, as it sends them. */

import type { QuizRow, QuizStatus, SubjectRow, Version } from '@scorecast/client';

export interface QuizInfo {
  quiz_id: string;
  join_code: string;
  title: string;
  description: string;
  subject: string | null;
  status: QuizStatus;
  started_at: string | null;
  end_time: string | null;
  total_questions: number;
  total_participants: number;
}

export interface OwnQuiz extends QuizInfo {
  duration_minutes: number;
  created_at: string;
  ended_at: string | null;
  listed: boolean;
  self_report: boolean;
}

export interface Quizzes<Quiz> {
  quizzes: Quiz[];
  total: number;
  limit: number;
  offset: number;
}

export interface Question {
  question_id: string;
  text: string;
  options: string[];
  points: number;
  /** Only to the host, once the quiz has ended. */
  correct_answer?: number;
}

export interface NewQuestion {
  text: string;
  options: string[];
  correct_answer: number;
  points: number;
}

export interface Joined {
  participant_id: string;
  quiz_id: string;
  username: string;
  participant_token: string;
}

export interface Verdict {
  correct: boolean;
  points_earned: number;
  total_score: number;
  version: number;
}

export interface GivenAnswer {
  question_id: string;
  answer_index: number;
  correct: boolean;
  points_earned: number;
}

export interface Performance {
  participant_id: string;
  username: string;
  score: number;
  rank: number;
  total_participants: number;
  percentile: number;
  answered: number;
  correct: number;
  duration_seconds: number;
}

export interface FinalResults {
  quiz_id: string;
  ended_at: string;
  final_results: QuizRow[];
  total_participants: number;
}

export interface Subject {
  subject: string;
  name: string;
}

export interface SubjectBoard extends Version {
  subject: string;
  subject_name: string;
  leaderboard: SubjectRow[];
  total_users?: number;
  timestamp: string;
}

export interface OwnPerformance {
  /** Newest first. */
  quizzes: QuizPerformance[];
  subjects: SubjectPerformance[];
}

export interface QuizPerformance {
  quiz_id: string;
  title: string;
  subject: string | null;
  score: number;
  rank: number;
  total_participants: number;
  percentile: number;
  answered: number;
  correct: number;
  duration_seconds: number;
}

export interface SubjectPerformance {
  subject: string;
  subject_name: string;
  rank: number;
  total_users: number;
  percentile: number;
  best_score: number;
  average_score: number;
  total_score: number;
  quiz_count: number;
}
