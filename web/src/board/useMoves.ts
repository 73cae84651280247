/** Which rows have changed their rank lately. */

import { useEffect, useRef, useState } from 'react';
import type { Row } from './row';

/** How many ranks up (positive) or down, by row. */
export type Moves = ReadonlyMap<string, number>;

const SHOWN_MS = 4000;
const NONE: Moves = new Map();

/** The moves of the last seconds; a move adds to one that is still shown. */
export function useMoves(rows: Row[]): Moves {
  const ranks = useRef<Map<string, number>>(undefined);
  const [moves, setMoves] = useState(NONE);

  useEffect(() => {
    const before = ranks.current;
    ranks.current = new Map(rows.map(({ id, rank }) => [id, rank]));
    if (!before) return;
    const moved = rows.flatMap(({ id, rank }): [string, number][] => {
      const up = (before.get(id) ?? rank) - rank;
      return up === 0 ? [] : [[id, up]];
    });
    if (moved.length === 0) return;
    setMoves((shown) => {
      const next = new Map(shown);
      for (const [id, up] of moved) {
        const total = (shown.get(id) ?? 0) + up;
        if (total === 0) next.delete(id);
        else next.set(id, total);
      }
      return next;
    });
  }, [rows]);

  useEffect(() => {
    if (moves.size === 0) return;
    const timer = setTimeout(setMoves, SHOWN_MS, NONE);
    return () => clearTimeout(timer);
  }, [moves]);

  return moves;
}
