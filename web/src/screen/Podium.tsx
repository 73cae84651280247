/** Third, second, first; then confetti, once, until somebody clicks or presses a key. */

import { useEffect, useRef, useState } from 'react';
import type { Row } from '@/board/row';
import { mayMove } from '@/lib/motion';
import { count, ordinal } from '@/lib/words';

interface Props {
  rows: Row[];
  hasSound: boolean;
  /** Which run of which quiz: each is celebrated once. */
  run: string;
}

const STEP_MS = 1800;
const NAMES = 3;

const celebrated = new Set<string>();

export function Podium({ rows, hasSound, run }: Props) {
  // Those who share a place share a step.
  const steps = [1, 2, 3].map((rank) => rows.filter((row) => row.rank === rank));
  const [isAtOnce, setIsAtOnce] = useState(() => celebrated.has(run) || !mayMove());
  const [revealed, setRevealed] = useState(isAtOnce ? 3 : 0);
  const sound = useRef(hasSound);
  sound.current = hasSound;
  const skip = () => {
    celebrated.add(run);
    setIsAtOnce(true);
    setRevealed(3);
  };

  useEffect(() => {
    if (revealed === 3) return;
    const isNobody = steps[2 - revealed]?.length === 0;
    const timer = setTimeout(() => setRevealed(revealed + 1), isNobody ? 0 : STEP_MS);
    return () => clearTimeout(timer);
  });

  useEffect(() => {
    if (isAtOnce || revealed === 0) return;
    if (sound.current) void import('./fanfare').then(({ play }) => play(revealed));
    if (revealed < 3 || celebrated.has(run)) return;
    celebrated.add(run);
    const end = new AbortController();
    const { signal } = end;
    void import('./confetti').then(({ throwConfetti }) => {
      if (!signal.aborted) signal.addEventListener('abort', throwConfetti());
    });
    window.addEventListener('pointerdown', () => end.abort(), { signal });
    window.addEventListener('keydown', () => end.abort(), { signal });
    return () => end.abort();
  }, [isAtOnce, revealed, run]);

  return (
    <div className="podium-stage">
      <ol className="podium" aria-label="Podium">
        {steps.map((those, index) => (
          <Step
            key={ordinal(index + 1)}
            rank={index + 1}
            those={those}
            isShown={revealed >= 3 - index}
          />
        ))}
      </ol>
      {revealed < 3 && (
        <button type="button" className="plain" onClick={skip}>
          Skip
        </button>
      )}
    </div>
  );
}

function Crown() {
  return (
    <svg className="step-crown" viewBox="0 0 64 44" aria-hidden="true">
      <path d="M10 42h44l7-29-15 10L32 3 18 23 3 13z" />
    </svg>
  );
}

function Step({ rank, those, isShown }: { rank: number; those: Row[]; isShown: boolean }) {
  if (those.length === 0) return null;
  return (
    <li className={`step step-${rank} medal-${rank}${isShown ? ' step-shown' : ''}`}>
      {isShown && (
        <div className="step-who">
          {rank === 1 && <Crown />}
          {those.slice(0, NAMES).map(({ id, name }) => (
            <strong key={id}>{name}</strong>
          ))}
          {those.length > NAMES && <span>and {those.length - NAMES} more</span>}
          <span className="step-score">{count(those[0]?.score ?? 0, 'point')}</span>
        </div>
      )}
      <div className="step-block">
        <span className="unseen">{ordinal(rank)} place</span>
        <span aria-hidden="true">{rank}</span>
      </div>
    </li>
  );
}
