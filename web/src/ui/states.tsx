/** What a place shows when there is nothing to show: not yet, not at all, or not for now. */

import type { ReactNode } from 'react';

/** Only where nothing is known yet: what is known stays on screen. */
export function Loading({ what }: { what: string }) {
  return (
    <div className="loading" role="status">
      <span className="unseen">Loading {what}</span>
      <span className="loading-line" aria-hidden="true" />
      <span className="loading-line" aria-hidden="true" />
      <span className="loading-line" aria-hidden="true" />
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children}</div>;
}

/** What went wrong, in the server's words, and what one can do about it. */
export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div className="problem" role="alert">
      <span className="problem-sign" aria-hidden="true">
        !
      </span>
      <p>{error.message}.</p>
      {retry && (
        <button type="button" className="plain" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
