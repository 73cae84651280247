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
  const [isRead, setIsRead] = useState(false);

  const show = useCallback<Show>((text, kind = 'info') => {
    const next = { id: ++lastId, text, kind };
    // What is said again takes the place of what was said before.
    setShown((before) => [...before.filter((one) => one.text !== text), next].slice(-SHOWN));
  }, []);
  const dismiss = useCallback((id: number) => {
    setShown((before) => before.filter((one) => one.id !== id));
  }, []);
  useEffect(() => {
    if (shown.length === 0) setIsRead(false);
  }, [shown.length]);

  return (
    <ShowContext value={show}>
      {children}
      <div
        className="notifications"
        role="status"
        onPointerEnter={() => setIsRead(true)}
        onPointerLeave={() => setIsRead(false)}
        onFocus={() => setIsRead(true)}
        onBlur={() => setIsRead(false)}
      >
        {shown.map((one) => (
          <Item key={one.id} {...one} isPaused={isRead} dismiss={dismiss} />
        ))}
      </div>
    </ShowContext>
  );
}

let lastId = 0;

function Item({
  id,
  text,
  kind,
  isPaused,
  dismiss,
}: Notification & { isPaused: boolean; dismiss: (id: number) => void }) {
  useEffect(() => {
    if (isPaused) return;
    const timer = setTimeout(dismiss, SHOWN_MS, id);
    return () => clearTimeout(timer);
  }, [id, isPaused, dismiss]);

  return (
    <div className={`notification notification-${kind}`}>
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
