/** Requests of a signed-in user: with the token of now, and once more if it is refused. */

import { freshToken } from '@/auth/session';
import { type Details, isRefused, send } from './http';

/** As `send`, signed; without anybody signed in, unsigned. */
export async function sendSigned(path: string, details?: Details): Promise<Response> {
  const token = await freshToken();
  try {
    return await send(path, { ...details, token });
  } catch (error) {
    if (token === null || !isRefused(error, 'UNAUTHENTICATED', 'TOKEN_EXPIRED')) throw error;
    const fresh = await freshToken(token);
    if (fresh === null) throw error;
    return send(path, { ...details, token: fresh });
  }
}

/** As `request`, signed. */
export async function requestSigned<T>(path: string, details?: Details): Promise<T> {
  const response = await sendSigned(path, details);
  return response.status === 204 ? (undefined as T) : response.json();
}
