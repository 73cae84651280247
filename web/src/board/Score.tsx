/** A score that counts up to its new value. */

import { useEffect, useRef } from 'react';
import { mayMove } from '@/lib/motion';

const COUNT_MS = 500;

export function Score({ value }: { value: number }) {
  const element = useRef<HTMLSpanElement>(null);
  const shown = useRef(value);

  useEffect(() => {
    const from = shown.current;
    const show = (score: number) => {
      shown.current = score;
      if (element.current) element.current.textContent = String(score);
    };
    if (from === value || !mayMove() || !isInSight(element.current)) return show(value);
    let start: number | undefined;
    let frame = requestAnimationFrame(function step(now) {
      start ??= now;
      const part = Math.min(1, (now - start) / COUNT_MS);
      show(Math.round(from + (value - from) * (1 - (1 - part) ** 3)));
      if (part < 1) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [value]);

  // React writes the first value only; afterwards the text is the counter's.
  const first = useRef(value).current;
  return (
    <span ref={element} className="score">
      {first}
    </span>
  );
}

function isInSight(element: HTMLElement | null): boolean {
  const box = element?.getBoundingClientRect();
  return box !== undefined && box.bottom >= 0 && box.top <= window.innerHeight;
}
