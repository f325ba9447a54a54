import { createHmac } from 'node:crypto';
import type { Identity } from '@thrum/core';
import { describe, expect, it } from 'vitest';
import { createTokenAuth, type TokenAuthOptions } from '../../src/auth/token-auth.ts';
import { TokenError } from '../../src/auth/token-error.ts';
import {
  base64url,
  bytes,
  ec,
  ed,
  inAnHour,
  now,
  otherSecret,
  pairs,
  raw,
  rsa,
  secret,
  sign,
} from './keys.ts';

function authenticate(token: string, options: TokenAuthOptions = { secret }): Promise<Identity> {
  return Promise.resolve(createTokenAuth({ now: () => now, ...options }).authenticate(token));
}

/** The reason a token is refused with; and that the error gives nothing of the token away. */
async function refusal(token: string, options?: TokenAuthOptions): Promise<string> {
  const error = await authenticate(token, options).then(
    (identity) => expect.fail(`accepted as ${identity.userId}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(TokenError);
  const { problem, message, cause, stack = '' } = error as TokenError;
  expect(cause).toBeUndefined();
  expect({ ...(error as object) }).toEqual({ name: 'TokenError', problem });
  for (const part of token.split('.').filter((part) => part.length > 8)) {
    expect(message + stack).not.toContain(part);
  }
  return problem;
}

const hmac = (key: string) => (input: string) => createHmac('sha256', key).update(input).digest();
const payload = (claims: object): string => JSON.stringify({ sub: 'ada', exp: inAnHour, ...claims });

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

describe('an attack', () => {
  it('without a signature is refused', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${base64url(JSON.stringify({ alg }))}.${base64url(payload({}))}.`;
      expect(await refusal(token)).toBe('it is not a compact JWT');
      expect(await refusal(raw({ alg }, payload({})))).toBe('no key is configured for its algorithm');
    }
  });

  it('that signs with the public key as if it were a secret is refused', async () => {
    for (const { pem, jwk } of pairs) {
      for (const text of [pem, pem.trim(), JSON.stringify(jwk)]) {
        const token = raw({ alg: 'HS256' }, payload({}), hmac(text));
        expect(await refusal(token, { publicKey: pem })).toBe('no key is configured for its algorithm');
        expect(await refusal(token, { publicKey: pem, secret })).toBe('its signature does not fit');
      }
    }
  });

  it('that asks for another algorithm of the same key is refused', async () => {
    const token = await sign({ key: rsa.privateKey, header: { alg: 'RS512' } });
    expect(await refusal(token, { publicKey: rsa.pem })).toBe('no key is configured for its algorithm');
    const secretToken = raw({ alg: 'HS512' }, payload({}), hmac(secret));
    expect(await refusal(secretToken)).toBe('no key is configured for its algorithm');
  });

  it('that brings its own key or says where to fetch one is refused', async () => {
    for (const header of [
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/x' },
      { jwk: rsa.jwk },
    ]) {
      const token = await sign({ key: rsa.privateKey, header: { alg: 'RS256', ...header } });
      expect(await refusal(token, { publicKey: rsa.pem })).toBe('its header brings its own key');
    }
  });

  it('that asks for an extension is refused', async () => {
    for (const header of [
      { crit: ['exp'], exp: 1 },
      { crit: [] },
      { crit: 'x' },
      { b64: false, crit: ['b64'] },
    ]) {
      const token = raw({ alg: 'HS256', ...header }, payload({}), hmac(secret));
      expect(await refusal(token)).toBe('its header asks for an extension that is not supported');
    }
  });

  it('with another kind of token of the same issuer is refused', async () => {
    for (const typ of ['logout+jwt', 'dpop+jwt', 'secevent+jwt', 7]) {
      const token = raw({ alg: 'HS256', typ }, payload({}), hmac(secret));
      expect(await refusal(token)).toBe('its type is not that of an access token');
    }
    for (const typ of ['JWT', 'at+jwt', 'application/at+jwt']) {
      expect(await authenticate(raw({ alg: 'HS256', typ }, payload({}), hmac(secret)))).toMatchObject({
        userId: 'ada',
      });
    }
  });

  it('with a wrong or missing issuer or audience is refused', async () => {
    const options = { secret, issuer: 'https://a', audience: 'thrum' };
    const good = { iss: 'https://a', aud: 'thrum' };
    const cases: readonly [Record<string, unknown>, string][] = [
      [{ ...good, iss: 'https://a/' }, 'its issuer is not the configured one'],
      [{ ...good, iss: ['https://a'] }, 'its issuer is not the configured one'],
      [{ ...good, iss: undefined }, 'a required claim is missing'],
      [{ ...good, aud: 'thrum2' }, 'its audience is not the configured one'],
      [{ ...good, aud: [] }, 'its audience is not the configured one'],
      [{ ...good, aud: undefined }, 'a required claim is missing'],
    ];
    for (const [claims, problem] of cases) {
      expect(await refusal(raw({ alg: 'HS256' }, payload(claims), hmac(secret)), options)).toBe(problem);
    }
  });

  it('with a time that is not a number, or not one that ends, is refused', async () => {
    for (const exp of ['"9999999999"', 'null', '[]', '{}', 'true', '1e999', '1e300']) {
      const token = raw({ alg: 'HS256' }, `{"sub":"ada","exp":${exp}}`, hmac(secret));
      expect(await refusal(token)).toBe('a claim has the wrong type');
    }
    const early = raw({ alg: 'HS256' }, payload({ nbf: now / 1000 + 60 }), hmac(secret));
    expect(await refusal(early)).toBe('it is not valid yet');
    const late = raw({ alg: 'HS256' }, payload({ exp: now / 1000 - 60 }), hmac(secret));
    expect(await refusal(late)).toBe('it has expired');
    expect(await refusal(raw({ alg: 'HS256' }, payload({ exp: 0 }), hmac(secret)))).toBe('it has expired');
  });

  it('without a user id that can be used is refused', async () => {
    const bad = 'its user id is not 1 to 255 printable characters';
    const cases: readonly [string, string][] = [
      ['{}', 'it names no user'],
      ['{"sub":null,"userId":"ada"}', 'it names no user'],
      ['{"sub":1.5}', 'it names no user'],
      ['{"sub":{"toString":"ada"}}', 'it names no user'],
      ['{"sub":["ada"]}', 'it names no user'],
      ['{"sub":"","userId":"ada"}', bad],
      [`{"sub":"${'a'.repeat(256)}"}`, bad],
      ['{"sub":"a\\u0000b"}', bad],
      ['{"sub":"a\\r\\nb"}', bad],
      ['{"sub":"\\ud800"}', bad],
      ['{"__proto__":{"sub":"ada"}}', 'it names no user'],
    ];
    for (const [claims, problem] of cases) {
      expect(await refusal(raw({ alg: 'HS256' }, claims, hmac(secret)))).toBe(problem);
    }
  });

  it('longer than 8 KiB is refused before anything of it is read', async () => {
    const fitting = await sign({ payload: { padding: 'x'.repeat(5900) } });
    expect(fitting.length).toBeLessThanOrEqual(8192);
    expect(await authenticate(fitting)).toMatchObject({ userId: 'ada' });
    expect(await refusal(await sign({ payload: { padding: 'x'.repeat(6200) } }))).toBe(
      'the token is longer than 8 KiB',
    );
    expect(await refusal('x'.repeat(10_000_000))).toBe('the token is longer than 8 KiB');
  });

  it('that is no token at all is refused', async () => {
    const good = await sign();
    const strange = [
      '',
      '.',
      '..',
      '...',
      'a.b',
      `${good}.x`,
      `${good}=`,
      ` ${good}`,
      `${good}\n`,
      good.replaceAll('.', ' '),
      '💣.💣.💣',
    ];
    for (const token of strange) expect(await refusal(token)).toBe('it is not a compact JWT');
    for (const header of ['[]', '"HS256"', 'null', '{', '{"alg":["HS256"]}', '{"alg":null}']) {
      const problem = await refusal(`${base64url(header)}.${base64url(payload({}))}.AAAA`);
      expect(['it is not a compact JWT', 'it cannot be read']).toContain(problem);
    }
    for (const text of ['[]', '"ada"', 'null', '{', '']) {
      const token = raw({ alg: 'HS256' }, text || ' ', hmac(secret));
      expect(await refusal(token)).toBe('it cannot be read');
    }
  });

  it('that changes one character of a good token is refused', async () => {
    const good = await sign();
    const [, , signature = ''] = good.split('.');
    const first = signature[0] === 'A' ? 'B' : 'A';
    expect(await refusal(good.replace(signature, first + signature.slice(1)))).toBe(
      'its signature does not fit',
    );
    expect(await refusal(good.replace(signature, signature.slice(0, 20)))).toBe('its signature does not fit');
  });

  it('with two values for one claim gets what JSON makes of it, the last one', async () => {
    const token = raw({ alg: 'HS256' }, '{"sub":"root","sub":"ada"}', hmac(secret));
    expect(await authenticate(token)).toMatchObject({ userId: 'ada' });
  });

  it('through the prototype changes nothing for anybody', async () => {
    const token = raw({ alg: 'HS256' }, '{"sub":"ada","__proto__":{"admin":true}}', hmac(secret));
    const { claims } = await authenticate(token);
    expect(claims).not.toHaveProperty('admin');
    expect({}).not.toHaveProperty('admin');
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
