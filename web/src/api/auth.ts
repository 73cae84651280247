/** How one signs in here. */

import { queryOptions } from '@tanstack/react-query';
import { isRefused, request } from './http';

/** `none`: this gateway offers no sign-in, one needs a token from its keeper. */
export type SignInKind =
  | { kind: 'builtin' }
  | { kind: 'external'; sign_in_url: string; token_url: string }
  | { kind: 'none' };

export const signInKind = queryOptions({
  queryKey: ['sign-in'],
  queryFn: async ({ signal }): Promise<SignInKind> => {
    try {
      return await request<SignInKind>('/auth/config', { signal });
    } catch (error) {
      if (isRefused(error, 'NOT_FOUND')) return { kind: 'none' };
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export interface Credentials {
  username: string;
  role?: 'host';
  password?: string;
}

/** Signs in with the gateway itself. */
export function logIn(body: Credentials): Promise<{ token: string; expires_at: string }> {
  return request('/auth/login', { method: 'POST', body });
}
