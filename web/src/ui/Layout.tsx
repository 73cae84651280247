/** The frame around every page: where one is, where one can go, who one is. */

import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { Link, useLocation, useRoute } from 'wouter';
import { useHasRunOut, useUser } from '@/auth/session';
import mark from './mark.svg';

export function Layout({ children }: { children: ReactNode }) {
  const user = useUser();
  const hasRunOut = useHasRunOut();
  const main = useRef<HTMLElement>(null);
  useNewPage(main);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          <img src={mark} alt="" width="32" height="32" />
          <span>Scorecast</span>
        </Link>
        <nav aria-label="Main">
          <Tab href="/" also="/quizzes/*?">
            Play
          </Tab>
          <Tab href="/leaderboard">Boards</Tab>
          <Tab href="/host" also="/host/*?">
            Host
          </Tab>
          <Tab href="/me">{user ? <span className="top-name">{user.name}</span> : 'Me'}</Tab>
        </nav>
      </header>
      {hasRunOut && (
        <p className="banner" role="status">
          Your sign-in has run out. <Link href="/me">Sign in again</Link> to get live updates.
        </p>
      )}
      <main ref={main} id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** A new page begins at its top, also for the keyboard and for a screen reader. */
function useNewPage(main: RefObject<HTMLElement | null>): void {
  const [path] = useLocation();
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [main, path]);
}

function Tab({ href, also, children }: { href: string; also?: string; children: ReactNode }) {
  const [isHere] = useRoute(href);
  const [isBelow] = useRoute(also ?? href);
  return (
    <Link href={href} className="tab" aria-current={isHere || isBelow ? 'page' : undefined}>
      {children}
    </Link>
  );
}
