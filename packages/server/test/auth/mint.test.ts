import { decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/auth/mint.ts';
import { createTokenAuth } from '../../src/auth/token-auth.ts';
import { now, otherSecret, pairs, rsa, secret } from './keys.ts';

const clock = (): number => now;

describe('mintToken', () => {
  it('makes a token that the same secret accepts', async () => {
    const token = await mintToken({
      secret,
      userId: 'ada',
      ttl: '15m',
      claims: { role: 'editor' },
      issuer: 'https://issuer.example',
      audience: ['thrum'],
      now: clock,
    });
    const auth = createTokenAuth({
      secret,
      issuer: 'https://issuer.example',
      audience: 'thrum',
      clockTolerance: 0,
      now: clock,
    });
    expect(await auth.authenticate(token)).toMatchObject({
      userId: 'ada',
      expiresAt: now + 900_000,
      claims: { role: 'editor', iat: now / 1000 },
    });
  });

  it('signs with the first of several secrets', async () => {
    const token = await mintToken({ secret: [secret, otherSecret], userId: 'ada', now: clock });
    expect(await createTokenAuth({ secret, now: clock }).authenticate(token)).toMatchObject({
      userId: 'ada',
    });
  });

  for (const { algorithm, privatePem, privateKey, pem } of pairs) {
    it(`signs ${algorithm} by the type of a private key`, async () => {
      const auth = createTokenAuth({ publicKey: pem, now: clock });
      const jwk = { ...(privateKey.export({ format: 'jwk' }) as object), kid: 'k1' };
      for (const key of [privatePem, jwk]) {
        const token = await mintToken({ key, userId: 'ada', now: clock });
        expect(decodeProtectedHeader(token).alg).toBe(algorithm);
        expect(await auth.authenticate(token)).toMatchObject({ userId: 'ada' });
      }
      expect(decodeProtectedHeader(await mintToken({ key: jwk, userId: 'ada' })).kid).toBe('k1');
    });
  }

  it('says which option is wrong', async () => {
    await expect(mintToken({ secret, userId: '' })).rejects.toThrow('userId is empty');
    await expect(mintToken({ secret, userId: 'a\nb' })).rejects.toThrow('userId has a control character');
    await expect(mintToken({ secret, userId: 'ada', claims: { sub: 'eve' } })).rejects.toThrow(
      'claims: sub is set by',
    );
    await expect(mintToken({ secret, userId: 'ada', ttl: '1 year' as '1h' })).rejects.toThrow(
      'expected a duration',
    );
    await expect(mintToken({ userId: 'ada' })).rejects.toThrow('either a secret or a private key');
    await expect(mintToken({ secret, key: rsa.privatePem, userId: 'ada' })).rejects.toThrow('either');
    await expect(mintToken({ key: rsa.pem, userId: 'ada' })).rejects.toThrow('expected a private key');
  });
});
