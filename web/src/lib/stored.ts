/** A value that outlives the page, the same in every tab of this browser. */

import { useSyncExternalStore } from 'react';

export interface Stored<T> {
  get(): T;
  set(value: T): void;
  subscribe(listener: () => void): () => void;
}

/** Keeps a value under a name; where a browser forbids storing, it lives as long as the page. */
export function stored<T>(name: string, initial: T): Stored<T> {
  const listeners = new Set<() => void>();
  let text: string | null | undefined;
  let value = initial;

  function takeIn(next: string | null): void {
    if (next === text) return;
    text = next;
    try {
      value = next === null ? initial : JSON.parse(next);
    } catch {
      value = initial;
    }
  }

  return {
    get() {
      takeIn(read(name, text));
      return value;
    },
    set(next) {
      takeIn(JSON.stringify(next));
      write(name, JSON.stringify(next));
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

function read(name: string, otherwise: string | null | undefined): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return otherwise ?? null;
  }
}

function write(name: string, text: string): void {
  try {
    localStorage.setItem(name, text);
  } catch {
    // Full or forbidden: then it is not kept beyond this page.
  }
}
