import { useEffect, useRef, useState } from 'react';

/** A value that changes at most once in so many milliseconds, and always ends at the last one. */
export function useCalm<T>(value: T, pauseMs: number): T {
  const [calm, setCalm] = useState(value);
  const changed = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const wait = Math.max(0, changed.current + pauseMs - Date.now());
    const timer = setTimeout(() => {
      changed.current = Date.now();
      setCalm(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return calm;
}

/** Whether something has been so for so many milliseconds. */
export function useLasting(isSo: boolean, ms: number): boolean {
  const [isLasting, setIsLasting] = useState(false);
  useEffect(() => {
    if (!isSo) return setIsLasting(false);
    const timer = setTimeout(setIsLasting, ms, true);
    return () => clearTimeout(timer);
  }, [isSo, ms]);
  return isLasting;
}
