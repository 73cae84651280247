/** Whether what is on screen is of now: a sign and words, never colour alone. */

import { ATTEMPTS } from '@scorecast/client';
import { useNow } from '@/lib/useNow';
import { ago, timeOfDay } from '@/lib/words';
import type { Link } from './link';
import './status-line.css';

interface Props {
  link: Link;
  /** When the state on screen was read, RFC 3339. */
  timestamp?: string | null | undefined;
  /** Whether the server itself says that its scores stand still. */
  isStale?: boolean;
  /** Dials again; where there is nothing to dial, there is no button. */
  reconnect?: (() => void) | undefined;
}

/** Whether changes reach the screen at all at the moment. */
export function isLive(link: Link, isStale = false): boolean {
  return !isStale && (link.phase === 'open' || link.phase === 'polling');
}

export function StatusLine({ link, timestamp, isStale = false, reconnect }: Props) {
  const { sign, words } = told(link, isStale);
  const live = isLive(link, isStale);
  return (
    <p className="status-line">
      <span className={`status-sign status-${sign}`} aria-hidden="true" />
      <span data-testid="connection">{words}</span>
      {timestamp && <When timestamp={timestamp} isLive={live} />}
      {(link.phase === 'exhausted' || link.phase === 'polling') && reconnect && (
        <button type="button" className="plain" onClick={reconnect}>
          Try again
        </button>
      )}
    </p>
  );
}

function told(link: Link, isStale: boolean): { sign: string; words: string } {
  switch (link.phase) {
    case 'open':
      return isStale
        ? { sign: 'waiting', words: 'Connected, but the scores stand still' }
        : { sign: 'live', words: 'Live' };
    case 'polling':
      return { sign: 'live', words: `Checked every ${link.everySeconds} s` };
    case 'idle':
    case 'connecting':
      return link.attempt === 0
        ? { sign: 'waiting', words: 'Connecting' }
        : { sign: 'waiting', words: `Reconnecting, attempt ${link.attempt} of ${ATTEMPTS}` };
    case 'waiting':
      return { sign: 'waiting', words: `Reconnecting, attempt ${link.attempt} of ${ATTEMPTS}` };
    case 'offline':
      return { sign: 'lost', words: 'You are offline' };
    case 'exhausted':
      return { sign: 'lost', words: 'Disconnected' };
    case 'signed-out':
      return { sign: 'lost', words: 'Please sign in again' };
    case 'gone':
      return { sign: 'lost', words: 'This quiz was deleted' };
  }
}

function When({ timestamp, isLive }: { timestamp: string; isLive: boolean }) {
  const now = useNow(isLive);
  return (
    <time dateTime={timestamp} className="status-when">
      {isLive ? `changed ${ago(now - Date.parse(timestamp))}` : `as of ${timeOfDay(timestamp)}`}
    </time>
  );
}
