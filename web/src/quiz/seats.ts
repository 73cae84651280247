/** The seats taken with this browser: after a refresh one sits where one sat. */

import type { Joined } from '@/api/wire';
import { useUserId } from '@/auth/session';
import { stored, useStored } from '@/lib/stored';

export interface Seat {
  quizId: string;
  participantId: string;
  username: string;
  token: string;
  /** Whose it is; without one it is for whoever sits here. */
  userId?: string | undefined;
}

/** What one gets on joining, and whose it is. */
export type TakenSeat = Joined & Pick<Seat, 'userId'>;

const KEPT = 50;

const seats = stored<Seat[]>('scorecast.seats', []);

export function keepSeat(joined: TakenSeat): void {
  const seat: Seat = {
    quizId: joined.quiz_id,
    participantId: joined.participant_id,
    username: joined.username,
    token: joined.participant_token,
    userId: joined.userId,
  };
  const others = seats
    .get()
    .filter(({ quizId, userId }) => quizId !== seat.quizId || userId !== seat.userId);
  seats.set([...others, seat].slice(-KEPT));
}

export function giveUpSeat({ quizId, participantId }: Seat): void {
  seats.set(
    seats.get().filter((seat) => seat.quizId !== quizId || seat.participantId !== participantId),
  );
}

/** The seat in a quiz, if one was taken here: the user's own, else one that is for everybody. */
export function useSeat(quizId: string): Seat | undefined {
  const here = useSeats().filter((seat) => seat.quizId === quizId);
  return here.find(({ userId }) => userId !== undefined) ?? here[0];
}

/** The seats taken here that the present user may sit in, the latest first. */
export function useSeats(): Seat[] {
  const user = useUserId();
  return useStored(seats)
    .filter(({ userId }) => userId === undefined || userId === user)
    .toReversed();
}
