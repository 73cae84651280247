/** Rows slide to their new place: first, last, invert, play. */

import { type RefObject, useLayoutEffect, useRef } from 'react';
import { mayMove } from '@/lib/motion';
import type { Row } from './row';

const SLIDE_MS = 350;
const MARGIN_PX = 100;

/** Lets the children of a list, each with a `data-id`, slide whenever the rows change. */
export function useSlide(list: RefObject<HTMLElement | null>, rows: Row[]): void {
  const places = useRef(new Map<string, number>());

  // biome-ignore lint/correctness/useExhaustiveDependencies: to be measured whenever the rows change
  useLayoutEffect(() => {
    const before = places.current;
    const elements = Array.from(list.current?.children ?? []) as HTMLElement[];
    // All is read before anything is written, so the page is laid out once.
    const now = elements.map((element) => [element, naturalTop(element)] as const);
    places.current = new Map(now.map(([element, top]) => [element.dataset.id ?? '', top]));
    if (!mayMove()) return;
    const listTop = list.current?.getBoundingClientRect().top ?? 0;
    for (const [element, top] of now) {
      const shift = (before.get(element.dataset.id ?? '') ?? top) - top;
      if (shift === 0 || isStuck(element, top)) continue;
      if (!isInSight(listTop + top) && !isInSight(listTop + top + shift)) continue;
      element.animate?.([{ transform: `translateY(${shift}px)` }, { transform: 'none' }], {
        duration: SLIDE_MS,
        easing: 'cubic-bezier(0.2, 0.8, 0.2, 1)',
      });
    }
  }, [rows]);
}

/** Where a row would stand if it did not stick to the edge of the screen. */
function naturalTop(element: HTMLElement): number {
  const above = element.previousElementSibling as HTMLElement | null;
  return above ? above.offsetTop + above.offsetHeight : 0;
}

/** Whether something at this height of the screen, and a row high, can be seen. */
function isInSight(y: number): boolean {
  return y > -MARGIN_PX && y < window.innerHeight + MARGIN_PX;
}

function isStuck(element: HTMLElement, top: number): boolean {
  return element.previousElementSibling !== null && Math.abs(element.offsetTop - top) > 2;
}
