/** Keeps states of a board in order, whichever way they came. */

import type { Version } from './messages.ts';

/** Whether `next` is an earlier state than `seen`. The same state may come twice. */
export function isOlder(next: Version, seen: Version | undefined): boolean {
  return (
    seen !== undefined &&
    (next.epoch < seen.epoch || (next.epoch === seen.epoch && next.version < seen.version))
  );
}

/** Remembers the newest state of each board and says whether the next one may pass. */
export function inOrder(): (board: string, next: Version) => boolean {
  const newest = new Map<string, Version>();
  return (board, next) => {
    if (isOlder(next, newest.get(board))) return false;
    newest.set(board, next);
    return true;
  };
}
