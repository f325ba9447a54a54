import { describe, expect, it } from 'vitest';
import { base64url, now, pairs, raw, rsa, secret, sign } from './keys.ts';
import { authenticate, hmac, payload, refusal } from './tokens.ts';

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
