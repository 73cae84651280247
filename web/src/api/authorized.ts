/** Requests of a signed-in user: with the token of now, and once more if it is refused. */

import { freshToken, hasSession } from '@/auth/session';
import { type Details, isRefused, Refusal, send } from './http';

/**
 * Makes a request with the token of now, `null` where nobody has signed in. Whoever did and has
 * no good token any more is told so: what a user asks for is not done in nobody's name.
 */
export async function withToken<T>(ask: (token: string | null) => Promise<T>): Promise<T> {
  const isSomebody = hasSession();
  const token = await freshToken();
  if (token === null && isSomebody) {
    throw new Refusal(401, 'TOKEN_EXPIRED', 'You are no longer signed in');
  }
  try {
    return await ask(token);
  } catch (error) {
    if (token === null || !isRefused(error, 'UNAUTHENTICATED', 'TOKEN_EXPIRED')) throw error;
    const fresh = await freshToken(token);
    if (fresh === null) throw error;
    return ask(fresh);
  }
}

/** As `send`, signed; without anybody signed in, unsigned. */
export function sendSigned(path: string, details?: Details): Promise<Response> {
  return withToken((token) => send(path, { ...details, token }));
}

/** As `request`, signed. */
export async function requestSigned<T>(path: string, details?: Details): Promise<T> {
  const response = await sendSigned(path, details);
  return response.status === 204 ? (undefined as T) : response.json();
}
