import { beforeEach, expect, test, vi } from 'vitest';
import { token } from '../../test/world';
import { readClaims } from './claims';
import { fetchToken, freshToken, signIn, signOut } from './session';

const soon = token({ sub: 'ana', exp: Date.now() / 1000 + 3 });
const good = token({ sub: 'ana' });
const better = token({ sub: 'ana', iat: 2 });
const tokens = 'https://school.example/token';

beforeEach(() => signOut());

test('a good token is used as it is', async () => {
  signIn(good);
  expect(await freshToken()).toBe(good);
});

test('one that is about to run out, or was refused, ends the sign-in with this page', async () => {
  signIn(soon);
  expect(await freshToken()).toBeNull();
  signIn(good);
  expect(await freshToken(good)).toBeNull();
  expect(await freshToken()).toBeNull();
});

test('the sign-in service gives a fresh one, for a cookie of its own', async () => {
  const fetch = vi.fn(async () => Response.json({ token: better }));
  vi.stubGlobal('fetch', fetch);
  signIn(good, tokens);
  expect(await freshToken(good)).toBe(better);
  expect(fetch).toHaveBeenCalledWith(tokens, expect.objectContaining({ credentials: 'include' }));
  expect(await freshToken()).toBe(better);
});

test('a service that gives the refused one again has no other', async () => {
  vi.stubGlobal('fetch', async () => new Response(good));
  signIn(good, tokens);
  expect(await freshToken(good)).toBeNull();
});

test('a service that knows nobody gives nothing, one that is broken is not believed', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 401 }));
  expect(await fetchToken(tokens)).toBeNull();
  vi.stubGlobal('fetch', async () => new Response('', { status: 502 }));
  await expect(fetchToken(tokens)).rejects.toThrow('502');
});

test('the token that another tab has got meanwhile is taken', async () => {
  signIn(good);
  localStorage.setItem('scorecast.session', JSON.stringify({ token: better, tokenUrl: null }));
  expect(await freshToken(good)).toBe(better);
});

test('names with accents are read from a token, and nonsense is none', () => {
  const payload = Buffer.from(JSON.stringify({ sub: 's', name: 'Zoë', role: 'host' }));
  expect(readClaims(`e30.${payload.toString('base64url')}.x`)).toMatchObject({
    name: 'Zoë',
    isHost: true,
  });
  for (const nonsense of ['', 'a.b.c', 'e30.e30']) {
    expect(readClaims(nonsense)?.isHost ?? false).toBe(false);
  }
});
