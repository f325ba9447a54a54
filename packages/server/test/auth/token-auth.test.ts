import { describe, expect, it } from 'vitest';
import { createTokenAuth, type TokenAuthOptions } from '../../src/auth/token-auth.ts';
import { bytes, ec, ed, inAnHour, now, otherSecret, pairs, rsa, secret, sign } from './keys.ts';
import { authenticate, refusal } from './tokens.ts';

describe('a good token', () => {
  it('says who it is, when the session ends and what else it claims', async () => {
    const identity = await authenticate(await sign({ payload: { role: 'editor' } }), {
      secret,
      clockTolerance: 0,
    });
    expect(identity).toEqual({
      userId: 'ada',
      expiresAt: inAnHour * 1000,
      claims: { sub: 'ada', exp: inAnHour, role: 'editor' },
    });
  });

  it('may live for ever when it says nothing of an end', async () => {
    expect(await authenticate(await sign({ payload: { exp: undefined } }))).not.toHaveProperty('expiresAt');
  });

  for (const pair of pairs) {
    it(`is checked with ${pair.algorithm} by a public key in PEM and in JWK form`, async () => {
      const token = await sign({ key: pair.privateKey, header: { alg: pair.algorithm } });
      for (const publicKey of [pair.pem, pair.jwk, JSON.stringify(pair.jwk), { keys: [pair.jwk] }]) {
        expect(await authenticate(token, { publicKey })).toMatchObject({ userId: 'ada' });
      }
    });
  }

  it('names its user by sub, then by userId, or by the configured claim alone', async () => {
    const options = { secret, userClaim: 'uid' };
    expect((await authenticate(await sign({ payload: { userId: 'grace' } }))).userId).toBe('ada');
    expect((await authenticate(await sign({ payload: { sub: undefined, userId: 'grace' } }))).userId).toBe(
      'grace',
    );
    expect((await authenticate(await sign({ payload: { uid: 'joan' } }), options)).userId).toBe('joan');
    expect(await refusal(await sign(), options)).toBe('it names no user');
  });

  it('may number its user', async () => {
    expect((await authenticate(await sign({ payload: { sub: undefined, userId: 42 } }))).userId).toBe('42');
  });

  it('is good within the tolerance for clocks, and the session ends with it', async () => {
    const token = await sign({ payload: { exp: now / 1000 - 3 } });
    const { expiresAt } = await authenticate(token, { secret, clockTolerance: '5s' });
    expect(expiresAt).toBe(now + 2000);
    expect(await refusal(token, { secret, clockTolerance: '2s' })).toBe('it has expired');
  });

  it('fits one of the configured issuers and audiences', async () => {
    const options = { secret, issuer: ['https://a', 'https://b'], audience: 'thrum' };
    const token = await sign({ payload: { iss: 'https://b', aud: ['other', 'thrum'] } });
    expect(await authenticate(token, options)).toMatchObject({ userId: 'ada' });
  });

  it('is accepted with an old secret while a new one is introduced', async () => {
    const options = { secret: [otherSecret, secret] };
    expect(await authenticate(await sign(), options)).toMatchObject({ userId: 'ada' });
    expect(await authenticate(await sign({ key: bytes(otherSecret) }), options)).toMatchObject({
      userId: 'ada',
    });
    expect(await refusal(await sign(), { secret: otherSecret })).toBe('its signature does not fit');
  });

  it('is accepted with an old public key beside a new one, with kid and without', async () => {
    const token = await sign({ key: rsa.privateKey, header: { alg: 'RS256', kid: 'old' } });
    const publicKey = [
      { ...ec.jwk, kid: 'new' },
      { ...rsa.jwk, kid: 'old' },
    ];
    expect(await authenticate(token, { publicKey })).toMatchObject({ userId: 'ada' });
    expect(await authenticate(token, { publicKey: `${ed.pem}\n${rsa.pem}` })).toMatchObject({
      userId: 'ada',
    });
  });
});

describe('createTokenAuth', () => {
  it('refuses to start with nothing to check tokens with', () => {
    expect(() => createTokenAuth({})).toThrow('needs one of secret, publicKey and jwksUrl');
    expect(() => createTokenAuth({ secret: [] })).toThrow('needs one of');
    expect(() => createTokenAuth({ secret: '' })).toThrow('expected a secret, got an empty string');
  });

  it('refuses short secrets in production, without showing them', () => {
    const create = (production: boolean) => () => createTokenAuth({ secret: 'hunter2-hunter2', production });
    expect(create(true)).toThrow('expected at least 32 bytes in production, got 15');
    expect(create(true)).not.toThrow('hunter2');
    expect(create(false)).not.toThrow();
  });

  it('refuses a key where it could be confused with another kind', () => {
    const cases: readonly [TokenAuthOptions, string][] = [
      [{ secret: rsa.pem }, 'public keys belong in jwtPublicKey'],
      [{ secret: JSON.stringify(rsa.jwk) }, 'public keys belong in jwtPublicKey'],
      [{ publicKey: rsa.privatePem }, 'got a private one'],
      [{ publicKey: rsa.privateKey.export({ format: 'jwk' }) as object }, 'got a private one'],
      [{ publicKey: { kty: 'oct', k: 'c2VjcmV0' } }, 'secrets belong in jwtSecret'],
      [{ publicKey: { ...rsa.jwk, alg: 'HS256' } }, 'got one whose "alg" is another'],
      [{ publicKey: { ...ec.jwk, crv: 'secp256k1' } }, 'expected a public key'],
      [{ publicKey: 'not a key' }, 'in PEM or JWK form, got neither'],
      [{ publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }, 'cannot be read as one'],
      [{ publicKey: { keys: [] } }, 'at least one key'],
      [{ jwksUrl: 'http://issuer.example/jwks' }, 'http is for loopback addresses only'],
      [{ jwksUrl: 'file:///etc/passwd' }, 'expected an https URL'],
      [{ jwksUrl: 'https://a:b@issuer.example/' }, 'without user and password'],
      [
        { jwksUrl: 'https://issuer.example/', jwksAlgorithms: ['HS256'] },
        'HS256 is not a public-key algorithm',
      ],
    ];
    for (const [options, message] of cases) expect(() => createTokenAuth(options), message).toThrow(message);
  });

  it('hands on whether anonymous connections may stay and how sessions are checked', async () => {
    expect(createTokenAuth({ secret })).toMatchObject({ anonymous: false });
    expect(createTokenAuth({ secret })).not.toHaveProperty('validate');
    const auth = createTokenAuth({
      secret,
      anonymous: true,
      validateSession: ({ userId }) => userId === 'ada',
    });
    expect(auth.anonymous).toBe(true);
    expect(await auth.validate?.({ userId: 'ada' })).toBe(true);
    expect(await auth.validate?.({ userId: 'eve' })).toBe(false);
  });
});
