/** Who is signed in here, and the token of now. */

import { useMemo } from 'react';
import { serverNow } from '@/lib/clock';
import { stored, useStored } from '@/lib/stored';
import { type Claims, readClaims } from './claims';

interface Session {
  /** `null` once it has run out and no other could be had. */
  token: string | null;
  /** Where a fresh token comes from; `null` where one signs in with this page. */
  tokenUrl: string | null;
  /** Whose the token was that has run out. */
  userId?: string | undefined;
}

const session = stored<Session | null>('scorecast.session', null);

/** Whether one has signed out here and not set about signing in since. */
const signedOut = stored('scorecast.signed-out', false);

/** Replaces whoever was signed in. */
export function signIn(token: string, tokenUrl: string | null = null): void {
  session.set({ token, tokenUrl });
  signedOut.set(false);
}

export function signOut(): void {
  signedOut.set(true);
  session.set(null);
}

/** Sets about signing in elsewhere: who comes back from there is signed in. */
export function leaveToSignIn(): void {
  signedOut.set(false);
}

/** Whether signing in takes a deliberate act, because signing out was one. */
export function hasSignedOut(): boolean {
  return signedOut.get();
}

/** Whether somebody is signed in, or was until the token ran out. */
export function hasSession(): boolean {
  return session.get() !== null;
}

/** Who is signed in, or `null`. */
export function useUser(): (Claims & { token: string }) | null {
  const token = useStored(session)?.token ?? null;
  return useMemo(() => {
    const claims = token === null ? undefined : readClaims(token);
    return token !== null && claims ? { ...claims, token } : null;
  }, [token]);
}

/** Whose session this is, also when the token has run out; `undefined` without one. */
export function useUserId(): string | undefined {
  const user = useUser();
  const present = useStored(session);
  return user?.id ?? present?.userId;
}

/** Whether somebody was signed in until the token ran out. */
export function useHasRunOut(): boolean {
  return useStored(session)?.token === null;
}

/**
 * The token to use now; `null` if there is none. A token that has run out, or that the gateway
 * has refused, is replaced by the one that another tab has got meanwhile or that the sign-in
 * service gives; if there is none, nobody is signed in any more.
 */
export async function freshToken(refused?: string): Promise<string | null> {
  const present = session.get();
  if (!present?.token) return null;
  if (present.token !== refused && !hasRunOut(present.token)) return present.token;
  const fresh = present.tokenUrl ? await fetchToken(present.tokenUrl) : null;
  // Whoever signed in or out meanwhile has the last word.
  if (session.get()?.token === present.token) {
    const userId = readClaims(present.token)?.id;
    session.set({ ...present, token: fresh === refused ? null : fresh, userId });
  }
  return session.get()?.token ?? null;
}

/** Fetches a token from the sign-in service, which knows the person by its own cookie. */
export async function fetchToken(url: string): Promise<string | null> {
  const response = await fetch(url, {
    credentials: 'include',
    headers: { accept: 'application/json' },
  });
  if (response.status === 401 || response.status === 403) return null;
  if (!response.ok) throw new Error(`the sign-in service answered ${response.status}`);
  const text = (await response.text()).trim();
  return text.startsWith('{') ? (JSON.parse(text).token ?? null) : text || null;
}

const SPARE_MS = 5_000;

function hasRunOut(token: string): boolean {
  const claims = readClaims(token);
  return !claims || claims.expiresAt < serverNow() + SPARE_MS;
}
