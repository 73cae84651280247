/** The bodies of the gateway's HTTP routes, as it sends them. */

import type { SubjectRow, Version } from '@scorecast/client';

export type * from './gen/wire';

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
