/** A browser's network in miniature: sockets that tests open and close, a page, a clock. */

import { vi } from 'vitest';
import { FakeSocket } from './fake-socket.ts';

/** A page with a network, a visible tab and a clock that stands still. */
export function fakeNetwork() {
  vi.useFakeTimers();
  FakeSocket.dialled = [];
  const page = new EventTarget();
  const tab = Object.assign(new EventTarget(), { hidden: false });
  const navigator = { onLine: true };
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('document', tab);
  vi.stubGlobal('navigator', navigator);
  return {
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    dials: () => FakeSocket.dialled.length,
    /** The socket dialled last; the dial itself waits for a token. */
    async socket(): Promise<FakeSocket> {
      await vi.advanceTimersByTimeAsync(0);
      const socket = FakeSocket.dialled.at(-1);
      if (!socket) throw new Error('nothing was dialled');
      return socket;
    },
    async goOffline() {
      navigator.onLine = false;
      page.dispatchEvent(new Event('offline'));
      await vi.advanceTimersByTimeAsync(0);
    },
    async goOnline() {
      navigator.onLine = true;
      page.dispatchEvent(new Event('online'));
      await vi.advanceTimersByTimeAsync(0);
    },
    async show() {
      tab.hidden = false;
      tab.dispatchEvent(new Event('visibilitychange'));
      await vi.advanceTimersByTimeAsync(0);
    },
    hide() {
      tab.hidden = true;
      tab.dispatchEvent(new Event('visibilitychange'));
    },
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    end() {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    },
  };
}
