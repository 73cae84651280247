/** Which rows have changed their rank lately. */

import { useEffect, useRef, useState } from 'react';
import type { Row } from './row';

interface Move {
  /** How many ranks up (positive) or down. */
  up: number;
  /** When it is shown no more, in milliseconds. */
  until: number;
}

/** By row. */
export type Moves = ReadonlyMap<string, Move>;

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
    const until = Date.now() + SHOWN_MS;
    setMoves((shown) => {
      const next = new Map(shown);
      for (const [id, ranks] of moved) {
        const up = (shown.get(id)?.up ?? 0) + ranks;
        if (up === 0) next.delete(id);
        else next.set(id, { up, until });
      }
      return next;
    });
  }, [rows]);

  useEffect(() => {
    if (moves.size === 0) return;
    const first = Math.min(...Array.from(moves.values(), ({ until }) => until));
    const timer = setTimeout(() => {
      setMoves((shown) => new Map([...shown].filter(([, { until }]) => until > Date.now())));
    }, first - Date.now());
    return () => clearTimeout(timer);
  }, [moves]);

  return moves;
}
