/** Follows live quiz leaderboards and stays connected. */

export { ATTEMPTS, type Connection, type Phase, type State } from './connection.ts';
export {
  followLeaderboards,
  type Leaderboards,
  type LeaderboardsPlan,
  type Topic,
} from './leaderboards.ts';
export type * from './messages.ts';
export { isOlder } from './order.ts';
export { followQuiz, type QuizPlan } from './quiz.ts';
