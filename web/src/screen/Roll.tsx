/** Everybody's place: holds three seconds on the first ones, then rolls; can be stopped. */

import { useEffect, useRef, useState } from 'react';
import { Board } from '@/board/Board';
import type { Row } from '@/board/row';
import { mayMove } from '@/lib/motion';

const HOLD_MS = 3000;
const PIXELS_PER_SECOND = 60;

export function Roll({ rows, total }: { rows: Row[]; total: number }) {
  const list = useRef<HTMLElement>(null);
  const [isRolling, setIsRolling] = useState(mayMove);

  useEffect(() => {
    if (!isRolling) return;
    let frame: number;
    let before: number | undefined;
    let top = list.current?.scrollTop ?? 0;
    const step = (now: number) => {
      const element = list.current;
      if (!element) return;
      // Kept here since browsers round what they scroll to.
      top += ((now - (before ?? now)) / 1000) * PIXELS_PER_SECOND;
      before = now;
      element.scrollTop = top;
      if (top < element.scrollHeight - element.clientHeight) frame = requestAnimationFrame(step);
      else setIsRolling(false);
    };
    const hold = setTimeout(() => {
      frame = requestAnimationFrame(step);
    }, HOLD_MS);
    return () => {
      clearTimeout(hold);
      cancelAnimationFrame(frame);
    };
  }, [isRolling]);

  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={list} className="roll" tabIndex={0} aria-label="Everybody’s places">
        <Board label="Results" rows={rows} />
        {total > rows.length && <p>and {total - rows.length} more</p>}
      </section>
      <button type="button" className="plain" onClick={() => setIsRolling(!isRolling)}>
        {isRolling ? 'Stop here' : 'Roll on'}
      </button>
    </>
  );
}
