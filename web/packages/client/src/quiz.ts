/** The socket of one participant: the quiz's board and the participant's own standing. */

import { type Connection, connection, type Plan, type State } from './connection.ts';
import type { QuizFrame, Version } from './messages.ts';
import { isOlder } from './order.ts';
import { socketUrl } from './url.ts';

/** What the socket needs from its user. */
export interface QuizPlan extends Pick<Plan, 'random' | 'WebSocket'> {
  /** The gateway, as `https://quiz.example`. */
  url: string;
  quizId: string;
  participantId: string;
  /** How many rows a frame has: 10, 100 (default) or 1000. */
  limit?: 10 | 100 | 1000;
  onFrame(frame: QuizFrame): void;
  onState?(state: State): void;
  fetch?: typeof fetch;
}

/** Makes the socket; it does nothing before `open`. How it is connected only `deltas.ts` changes. */
export function followQuiz(plan: QuizPlan, connect = connection): Omit<Connection, 'send'> {
  const { url, quizId, participantId, limit = 100, fetch = globalThis.fetch } = plan;
  const path = `/quizzes/${encodeURIComponent(quizId)}`;
  let newest: Version | undefined;

  return connect({
    ...plan,
    dial: () => ({
      url: socketUrl(
        url,
        `${path}/ws?participant_id=${encodeURIComponent(participantId)}&limit=${limit}`,
      ),
    }),
    onMessage(message) {
      const frame = message as QuizFrame;
      if (isOlder(frame, newest)) return;
      newest = frame;
      plan.onFrame(frame);
    },
    // This socket cannot be asked: that nothing has changed without it, only HTTP can tell.
    async probe(alive) {
      try {
        const response = await fetch(new URL(`${path}/leaderboard?limit=1`, url));
        const present: Version = await response.json();
        if (!newest || !isOlder(newest, present)) alive();
      } catch {
        // No answer is the answer: the connection counts as lost in a moment.
      }
    },
  });
}
