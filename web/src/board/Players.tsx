/** Who is here, before there is anything to rank. */

import type { Row } from './row';
import './players.css';

interface Props {
  rows: Row[];
  total: number;
  ownId?: string | undefined;
}

export function Players({ rows, total, ownId }: Props) {
  return (
    <ul className="players" aria-label="Players">
      {rows.map(({ id, name }) => (
        <li key={id} className={id === ownId ? 'player player-own' : 'player'}>
          {name}
        </li>
      ))}
      {total > rows.length && <li className="player-more">and {total - rows.length} more</li>}
    </ul>
  );
}
