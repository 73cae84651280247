import { useEffect, useState } from 'react';
import { serverNow } from './clock';

/** The server's time in milliseconds, once a second while it is needed. */
export function useNow(isNeeded = true): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(serverNow());
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}
