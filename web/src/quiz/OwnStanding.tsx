/** Where I stand: large for the eye, in one sentence for the ear. */

import { useEffect, useRef, useState } from 'react';
import { Score } from '@/board/Score';
import { useCalm } from '@/lib/useCalm';

interface Props {
  rank: number;
  score: number;
  total: number;
  /** The gap to the next one up, in words. */
  gap: string | undefined;
}

const SPOKEN_EVERY_MS = 5000;

export function OwnStanding({ rank, score, total, gap }: Props) {
  return (
    <section className="standing" aria-label="Your standing">
      <p className="standing-rank">
        <span className="standing-label">Place</span>
        <strong>{rank}</strong>
        <span className="standing-of">of {total}</span>
      </p>
      <p className="standing-score">
        <span className="standing-label">Points</span>
        <strong>
          <Score value={score} />
        </strong>
      </p>
      <p className="standing-gap">{gap ?? (rank === 1 ? 'You lead!' : '')}</p>
      <Spoken rank={rank} total={total} />
    </section>
  );
}

/** Tells a screen reader of one's own change, at most every five seconds. */
function Spoken({ rank, total }: { rank: number; total: number }) {
  const calm = useCalm(rank, SPOKEN_EVERY_MS);
  const last = useRef(calm);
  const [words, setWords] = useState('');
  useEffect(() => {
    const up = last.current - calm;
    last.current = calm;
    if (up === 0) return;
    setWords(`You are number ${calm} of ${total}, ${up > 0 ? 'up' : 'down'} ${Math.abs(up)}`);
  }, [calm, total]);
  return (
    <span className="unseen" role="status">
      {words}
    </span>
  );
}
