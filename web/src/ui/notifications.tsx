/** Short messages that go by themselves, unless somebody is reading them. */

import { createContext, type ReactNode, use, useCallback, useEffect, useState } from 'react';
import './notifications.css';

export type NotificationKind = 'info' | 'success' | 'warning' | 'error';

interface Notification {
  id: number;
  text: string;
  kind: NotificationKind;
}

type Show = (text: string, kind?: NotificationKind) => void;

const SHOWN = 3;
const SHOWN_MS = 5000;
const SIGNS: Record<NotificationKind, string> = {
  info: 'i',
  success: '✓',
  warning: '!',
  error: '✕',
};

const ShowContext = createContext<Show>(() => {});

/** Shows a notification. */
export function useShowNotification(): Show {
  return use(ShowContext);
}

/** Offers `useShowNotification` below it and shows what is given to it. */
export function Notifications({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Notification[]>([]);
  // By id, so that what is no longer shown cannot be read either: where an element is taken away,
  // neither its blur nor its leave need be told.
  const [pointed, setPointed] = useState<number>();
  const [focused, setFocused] = useState<number>();
  const isRead = shown.some(({ id }) => id === pointed || id === focused);

  const show = useCallback<Show>((text, kind = 'info') => {
    const next = { id: ++lastId, text, kind };
    // What is said again takes the place of what was said before.
    setShown((before) => [...before.filter((one) => one.text !== text), next].slice(-SHOWN));
  }, []);
  const dismiss = useCallback((id: number) => {
    setShown((before) => before.filter((one) => one.id !== id));
  }, []);

  return (
    <ShowContext value={show}>
      {children}
      <div className="notifications" role="status" aria-atomic="false">
        {shown.map((one) => (
          <Item
            key={one.id}
            {...one}
            isPaused={isRead}
            dismiss={dismiss}
            onPoint={setPointed}
            onFocus={setFocused}
          />
        ))}
      </div>
    </ShowContext>
  );
}

let lastId = 0;

interface ItemProps extends Notification {
  isPaused: boolean;
  dismiss: (id: number) => void;
  onPoint: (id: number | undefined) => void;
  onFocus: (id: number | undefined) => void;
}

function Item({ id, text, kind, isPaused, dismiss, onPoint, onFocus }: ItemProps) {
  useEffect(() => {
    if (isPaused) return;
    const timer = setTimeout(dismiss, SHOWN_MS, id);
    return () => clearTimeout(timer);
  }, [id, isPaused, dismiss]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only notices that it is being read
    <div
      className={`notification notification-${kind}`}
      onPointerEnter={() => onPoint(id)}
      onPointerLeave={() => onPoint(undefined)}
      onFocus={() => onFocus(id)}
      onBlur={() => onFocus(undefined)}
    >
      <span className="notification-sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      <p>{text}</p>
      <button type="button" className="notification-dismiss" onClick={() => dismiss(id)}>
        <span className="unseen">Dismiss</span>
        <span aria-hidden="true">✕</span>
      </button>
    </div>
  );
}
