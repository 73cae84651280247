/** What hosts see; everybody else sees how to become one. */

import type { ReactNode } from 'react';
import { SignIn } from '@/auth/SignIn';
import { signOut, useUser } from '@/auth/session';

export function HostsOnly({ children }: { children: ReactNode }) {
  const user = useUser();
  if (user?.isHost) return children;
  return (
    <>
      <h1>Run a quiz</h1>
      <p>Make a quiz, show its code, start it, and watch the board with everybody.</p>
      {user ? (
        <div className="sheet form">
          <p>You are signed in as {user.name}, who does not run quizzes.</p>
          <button type="button" className="main" onClick={signOut}>
            Sign in as somebody else
          </button>
        </div>
      ) : (
        <SignIn as="host" />
      )}
    </>
  );
}
