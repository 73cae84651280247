/** The seats taken with this browser: after a refresh one sits where one sat. */

import type { Joined } from '@/api/wire';
import { stored, useStored } from '@/lib/stored';

export interface Seat {
  quizId: string;
  participantId: string;
  username: string;
  token: string;
}

const KEPT = 50;

const seats = stored<Seat[]>('scorecast.seats', []);

export function keepSeat(joined: Joined): void {
  const seat: Seat = {
    quizId: joined.quiz_id,
    participantId: joined.participant_id,
    username: joined.username,
    token: joined.participant_token,
  };
  seats.set([...seats.get().filter(({ quizId }) => quizId !== seat.quizId), seat].slice(-KEPT));
}

export function giveUpSeat(quizId: string): void {
  seats.set(seats.get().filter((seat) => seat.quizId !== quizId));
}

/** The seat in a quiz, if one was taken here. */
export function useSeat(quizId: string): Seat | undefined {
  return useStored(seats).find((seat) => seat.quizId === quizId);
}

/** The quizzes in which a seat was taken here, the latest first. */
export function useSeats(): Seat[] {
  return useStored(seats).toReversed();
}
