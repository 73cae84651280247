/** How one signs in here. */

import { queryOptions } from '@tanstack/react-query';
import { isRefused, request } from './http';
import type { LoggedIn, Login, SignIn } from './wire';

/** `none`: this gateway offers no sign-in, one needs a token from its keeper. */
export type SignInKind = SignIn | { kind: 'none' };

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

/** Signs in with the gateway itself. */
export function logIn(body: Login): Promise<LoggedIn> {
  return request('/auth/login', { method: 'POST', body });
}
