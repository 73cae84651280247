/** What a token says of its bearer. The page shows it; only the gateway may believe it. */

export interface Claims {
  /** Who it is, to tell one from another. */
  id: string;
  /** The name to show. */
  name: string;
  isHost: boolean;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Reads a JWT without verifying it; `undefined` if it is none. */
export function readClaims(token: string): Claims | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (char) =>
      char.charCodeAt(0),
    );
    const { sub, username, name, role, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return {
      id: String(sub),
      name: String(username ?? name ?? sub),
      isHost: role === 'host' || role === 'admin',
      expiresAt: typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY,
    };
  } catch {
    return undefined;
  }
}
