/** Signing in, in the way this gateway offers. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { logIn, signInKind } from '@/api/auth';
import type { Login } from '@/api/wire';
import { Field } from '@/ui/Field';
import { Loading, Problem } from '@/ui/states';
import { readClaims } from './claims';
import { fetchToken, hasSignedOut, leaveToSignIn, signIn } from './session';

/** Whom to sign in: somebody who plays, or somebody who runs quizzes. */
type As = 'player' | 'host';

export function SignIn({ as }: { as: As }) {
  const kind = useQuery(signInKind);
  if (kind.data) {
    switch (kind.data.kind) {
      case 'builtin':
        return <BuiltIn as={as} />;
      case 'external':
        return <External signInUrl={kind.data.sign_in_url} tokenUrl={kind.data.token_url} />;
      case 'none':
        return <ByToken />;
    }
  }
  if (kind.error) return <Problem error={kind.error} retry={() => void kind.refetch()} />;
  return <Loading what="the sign-in" />;
}

function BuiltIn({ as }: { as: As }) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: (credentials: Login) => logIn(credentials),
    onSuccess: ({ token }) => signIn(token),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate(as === 'host' ? { username, role: 'host', password } : { username });
  };
  return (
    <form className="sheet form" onSubmit={submit}>
      <Field
        label="Your name"
        autoComplete="username"
        required
        maxLength={64}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
      />
      {as === 'host' && (
        <Field
          label="Host password"
          hint="It was printed when this Scorecast was started for the first time."
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      )}
      {login.error && <Problem error={login.error} />}
      <button type="submit" className="main" disabled={login.isPending}>
        {as === 'host' ? 'Sign in as host' : 'Sign in'}
      </button>
    </form>
  );
}

/**
 * Elsewhere and back: whoever comes back is known there and has a token. So is whoever has just
 * signed out here, and is not asked for.
 */
function External({ signInUrl, tokenUrl }: { signInUrl: string; tokenUrl: string }) {
  const [isExpected] = useState(() => !hasSignedOut());
  const token = useQuery({
    queryKey: ['sign-in', 'token'],
    queryFn: () => fetchToken(tokenUrl),
    enabled: isExpected,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  useEffect(() => {
    if (isExpected && token.data) signIn(token.data, tokenUrl);
  }, [isExpected, token.data, tokenUrl]);

  const target = new URL(signInUrl, window.location.href);
  target.searchParams.set('return_to', returnPath());
  if (token.isLoading) return <Loading what="the sign-in" />;
  return (
    <div className="sheet form">
      <p>Your organisation signs you in and brings you back here.</p>
      {token.error && <Problem error={token.error} retry={() => void token.refetch()} />}
      <a className="button main" href={target.href} onClick={leaveToSignIn}>
        Sign in
      </a>
    </div>
  );
}

/** The present path, if it is one of this page's own. */
function returnPath(): string {
  const { pathname } = window.location;
  return /^\/(?![/\\])[^\\]*$/.test(pathname) ? pathname : '/';
}

/** Where the gateway has no sign-in, its keeper hands out tokens. */
function ByToken() {
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (readClaims(token.trim())) signIn(token.trim());
    else setError('This is not a token');
  };
  return (
    <form className="sheet form" onSubmit={submit}>
      <p>This server has no sign-in of its own. Its keeper can give you a token.</p>
      <Field
        label="Token"
        hint={
          <>
            As printed by <code>scorecast token --role host --sub you</code>
          </>
        }
        autoComplete="off"
        spellCheck={false}
        required
        value={token}
        error={error}
        onChange={(event) => setToken(event.target.value)}
      />
      <button type="submit" className="main">
        Sign in
      </button>
    </form>
  );
}
