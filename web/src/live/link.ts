/** How what is on screen gets its changes, in one word for the status line. */

import type { State } from '@scorecast/client';

/** A socket's state; or without a socket the board is asked for every few seconds. */
export type Link = State | { phase: 'polling'; attempt: 0; everySeconds: number };

export const POLL_SECONDS = 5;

export const polling: Link = { phase: 'polling', attempt: 0, everySeconds: POLL_SECONDS };

// What a visitor without a socket is told where a socket would say the same.
export const connecting: Link = { phase: 'connecting', attempt: 0 };
export const offline: Link = { phase: 'offline', attempt: 0 };
export const disconnected: Link = { phase: 'exhausted', attempt: 0 };
