/** A ranking that moves: rows slide, the own row is never out of sight. */

import { memo, type ReactNode, useRef } from 'react';
import { count } from '@/lib/words';
import type { Row } from './row';
import { Score } from './Score';
import { useMoves } from './useMoves';
import { useSlide } from './useSlide';
import './board.css';

interface Props {
  label: string;
  rows: Row[];
  /** Whose row is highlighted. */
  ownId?: string | undefined;
  /** The own row, for the case that it is not among `rows`. */
  own?: Row | undefined;
  /** Whether the rows are of an earlier moment than now. */
  isPast?: boolean;
  /** What can be done with a row. */
  action?: (row: Row) => ReactNode;
}

export function Board({ label, rows, ownId, own, isPast = false, action }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const moves = useMoves(rows);
  useSlide(list, rows);
  const best = Math.max(1, rows[0]?.score ?? 0);
  const isOutside = own !== undefined && rows.every(({ id }) => id !== own.id);

  return (
    <div className={isPast ? 'board board-past' : 'board'}>
      <ol ref={list} aria-label={label} className="board-rows">
        {rows.map((row) => (
          <BoardRow
            key={row.id}
            {...row}
            best={best}
            isOwn={row.id === ownId}
            move={moves.get(row.id)?.up ?? 0}
            action={action?.(row)}
          />
        ))}
      </ol>
      {isOutside && (
        <div className="board-outside">
          <p className="board-divider">Your position</p>
          <ol aria-label="Your position" className="board-rows">
            <BoardRow {...own} best={best} isOwn move={0} />
          </ol>
        </div>
      )}
    </div>
  );
}

interface BoardRowProps extends Row {
  best: number;
  isOwn: boolean;
  move: number;
  action?: ReactNode;
}

const BoardRow = memo(function BoardRow(props: BoardRowProps) {
  const { id, name, score, rank, detail, best, isOwn, move, action } = props;
  // At the start everybody is first, with nothing; that deserves no gold.
  const hasMedal = rank <= 3 && score > 0;
  return (
    <li data-id={id} className={isOwn ? 'row row-own' : 'row'} aria-current={isOwn || undefined}>
      <span className={hasMedal ? `rank medal medal-${rank}` : 'rank'}>{rank}</span>
      <span className="row-name">
        <span className="row-who">
          {name}
          {isOwn && <span className="row-you">you</span>}
        </span>
        {detail && <span className="row-detail">{detail}</span>}
      </span>
      <Move by={move} />
      <span className="row-score">
        <Score value={score} />
        <span className="unseen"> {score === 1 ? 'point' : 'points'}</span>
      </span>
      {action}
      <span className="lane" aria-hidden="true" style={{ scale: `${score / best} 1` }} />
    </li>
  );
});

function Move({ by }: { by: number }) {
  if (by === 0) return null;
  const places = count(Math.abs(by), 'place');
  return (
    <span className={by > 0 ? 'move move-up' : 'move move-down'}>
      <span aria-hidden="true">
        {by > 0 ? '▲' : '▼'}
        {Math.abs(by)}
      </span>
      <span className="unseen">{by > 0 ? `up ${places}` : `down ${places}`}</span>
    </span>
  );
}
