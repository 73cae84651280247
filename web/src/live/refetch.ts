/** When a signal without a state makes the page ask again: never in a storm. */

import type { QueryClient, QueryKey } from '@tanstack/react-query';

const PAUSE_MS = 1000;
const SPREAD_MS = 2000;

/**
 * Invalidates queries by key: at once, then at most once a second for each key; signals within
 * the pause are folded into one at its end.
 */
export function throttledInvalidation(cache: QueryClient): (key: QueryKey) => void {
  const pauses = new Map<string, { again: boolean }>();

  return function invalidate(key: QueryKey): void {
    const name = JSON.stringify(key);
    const present = pauses.get(name);
    if (present) {
      present.again = true;
      return;
    }
    const pause = { again: false };
    pauses.set(name, pause);
    void cache.invalidateQueries({ queryKey: key });
    setTimeout(() => {
      pauses.delete(name);
      if (pause.again) invalidate(key);
    }, PAUSE_MS);
  };
}

/** Fetches what is on screen once more, somewhere in the next two seconds. */
export function refetchShownSoon(cache: QueryClient, key: QueryKey = []): void {
  setTimeout(() => void cache.invalidateQueries({ queryKey: key }), Math.random() * SPREAD_MS);
}
