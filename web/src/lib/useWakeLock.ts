import { useEffect } from 'react';

/** Keeps the screen awake while it is shown, where the browser allows it (on secure pages). */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let isOver = false;
    const keepAwake = async () => {
      if (document.hidden || !navigator.wakeLock) return;
      // Refused, as on low battery: then the screen sleeps as it would have anyway.
      const got = await navigator.wakeLock.request('screen').catch(() => undefined);
      if (isOver) void got?.release();
      else lock = got;
    };
    void keepAwake();
    // Browsers let go of the lock when the page is hidden.
    document.addEventListener('visibilitychange', keepAwake);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', keepAwake);
      void lock?.release();
    };
  }, []);
}
