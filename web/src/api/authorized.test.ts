import { beforeEach, expect, test } from 'vitest';
import { signIn, signOut } from '@/auth/session';
import { refusal, serve, token } from '../../test/world';
import { requestSigned } from './authorized';

const good = token({ sub: 'ana' });
const soon = token({ sub: 'ana', exp: Date.now() / 1000 + 3 });

beforeEach(() => signOut());

test('without anybody signed in a request goes unsigned', async () => {
  const asked = serve({ 'GET /thing': { is: 'here' } });
  expect(await requestSigned('/thing')).toEqual({ is: 'here' });
  expect(asked).toMatchObject([{ token: null }]);
});

test('a sign-in that runs out unnoticed makes no request of nobody’s', async () => {
  const asked = serve({ 'GET /thing': { is: 'here' } });
  signIn(soon);
  await expect(requestSigned('/thing')).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  await expect(requestSigned('/thing')).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  expect(asked).toEqual([]);
  signOut();
  expect(await requestSigned('/thing')).toEqual({ is: 'here' });
});

test('a refused token is replaced once', async () => {
  const fresh = token({ sub: 'ana', iat: 2 });
  let tries = 0;
  const asked = serve({
    'GET /thing': () =>
      tries++ === 0 ? refusal(401, 'TOKEN_EXPIRED', 'the token has expired') : { is: 'here' },
    'GET /token': { token: fresh },
  });
  signIn(good, 'https://school.example/token');
  expect(await requestSigned('/thing')).toEqual({ is: 'here' });
  expect(asked.filter(({ request }) => request === 'GET /thing')).toMatchObject([
    { token: `Bearer ${good}` },
    { token: `Bearer ${fresh}` },
  ]);
});

test('a refused token without another ends in the server’s words', async () => {
  serve({ 'GET /thing': refusal(401, 'UNAUTHENTICATED', 'the token is bad') });
  signIn(good);
  await expect(requestSigned('/thing')).rejects.toThrow('The token is bad');
});
