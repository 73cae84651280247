/** A value that outlives the page, the same in every tab of this browser. */

import { useSyncExternalStore } from 'react';

export interface Stored<T> {
  get(): T;
  set(value: T): void;
  subscribe(listener: () => void): () => void;
}

/** Keeps a value under a name; where a browser stores nothing, it lives as long as the page. */
export function stored<T>(name: string, initial: T): Stored<T> {
  const listeners = new Set<() => void>();
  // What the browser had when last looked: only what changes there afterwards replaces the value.
  let seen: string | null | undefined;
  let value = initial;

  function takeIn(text: string | null): void {
    seen = text;
    try {
      value = text === null ? initial : JSON.parse(text);
    } catch {
      value = initial;
    }
  }

  return {
    get() {
      const text = read(name);
      if (text !== undefined && text !== seen) takeIn(text);
      return value;
    },
    set(next) {
      value = next;
      write(name, JSON.stringify(next));
      seen = read(name);
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      const elsewhere = (event: StorageEvent) => {
        if (event.key === name || event.key === null) listener();
      };
      listeners.add(listener);
      window.addEventListener('storage', elsewhere);
      return () => {
        listeners.delete(listener);
        window.removeEventListener('storage', elsewhere);
      };
    },
  };
}

/** The value of now, also when another tab changes it. */
export function useStored<T>(value: Stored<T>): T {
  return useSyncExternalStore(value.subscribe, value.get);
}

/** `undefined` where a browser forbids to look. */
function read(name: string): string | null | undefined {
  try {
    return localStorage.getItem(name);
  } catch {
    return undefined;
  }
}

function write(name: string, text: string): void {
  try {
    localStorage.setItem(name, text);
  } catch {
    // Full or forbidden: then it is not kept beyond this page.
  }
}
