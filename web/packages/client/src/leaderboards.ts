/** The socket of a signed-in user: quizzes and subjects by subscription, and the news. */

import { type Connection, connection, type Plan, type State } from './connection.ts';
import type { Incoming, Outgoing } from './messages.ts';
import { inOrder } from './order.ts';
import { socketUrl } from './url.ts';

/** What can be subscribed to. */
export type Topic = 'quiz' | 'subject';

/** What the socket needs from its user. */
export interface LeaderboardsPlan extends Pick<Plan, 'random' | 'WebSocket'> {
  /** The gateway, as `https://quiz.example`. */
  url: string;
  /** The token of now; `refused` if the last one was turned down. `null`: sign in again. */
  getToken(refused: boolean): string | null | Promise<string | null>;
  onMessage(message: Incoming): void;
  onState?(state: State): void;
}

/** The socket with its subscriptions, which outlive a lost connection. */
export interface Leaderboards extends Omit<Connection, 'send'> {
  /** Counts: the topic is left when as many `unsubscribe` have followed. */
  subscribe(topic: Topic, id: string): void;
  unsubscribe(topic: Topic, id: string): void;
}

/** Makes the socket; it does nothing before `open`. How it is connected only `deltas.ts` changes. */
export function followLeaderboards(plan: LeaderboardsPlan, connect = connection): Leaderboards {
  const wanted = new Map<string, { topic: Topic; id: string; users: number }>();
  const mayPass = inOrder();

  const socket = connect({
    ...plan,
    async dial(refused) {
      const token = await plan.getToken(refused);
      return token
        ? {
            url: socketUrl(plan.url, '/ws/leaderboard/'),
            // As a subprotocol the token stays out of URLs, and so out of logs.
            protocols: ['scorecast.v1', `bearer.${token}`],
          }
        : null;
    },
    onOpen() {
      for (const { topic, id } of wanted.values()) say('subscribe', topic, id);
    },
    onMessage(message) {
      const incoming = message as Incoming;
      if (!isLate(incoming)) plan.onMessage(incoming);
    },
    probe() {
      socket.send({ type: 'ping' } satisfies Outgoing);
    },
  });

  function isLate(message: Incoming): boolean {
    switch (message.type) {
      case 'quiz_leaderboard_updated':
        return !mayPass(`quiz${message.data.quiz_id}`, message.data);
      case 'leaderboard_updated':
        return !mayPass(`subject${message.data.subject}`, message.data);
      default:
        return false;
    }
  }

  function say(verb: 'subscribe' | 'unsubscribe', topic: Topic, id: string): void {
    socket.send({ type: `${verb}_${topic}`, [topic === 'quiz' ? 'quiz_id' : 'subject']: id });
  }

  return {
    get state() {
      return socket.state;
    },
    open: socket.open,
    close: socket.close,
    subscribe(topic, id) {
      const key = topic + id;
      const subscription = wanted.get(key) ?? { topic, id, users: 0 };
      if (subscription.users++ === 0) {
        wanted.set(key, subscription);
        say('subscribe', topic, id);
      }
    },
    unsubscribe(topic, id) {
      const subscription = wanted.get(topic + id);
      if (subscription && --subscription.users === 0) {
        wanted.delete(topic + id);
        say('unsubscribe', topic, id);
      }
    },
  };
}
