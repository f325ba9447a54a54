import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ThrumError } from '@thrum/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createTokenAuth, type TokenAuthOptions } from '../../src/auth/token-auth.ts';
import { ec, ed, now, pairs, rsa, secret, sign } from './keys.ts';

type Answer =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string }
  | 'never';

/** A key server that counts how often it was asked, on a clock of its own. */
class KeyServer implements AsyncDisposable {
  requests = 0;
  time = now;
  answer: Answer;
  readonly #server: Server;

  private constructor(keys: readonly object[]) {
    this.answer = keyset(...keys);
    this.#server = createServer((_, response) => {
      this.requests += 1;
      if (this.answer === 'never') return;
      response.writeHead(this.answer.status ?? 200, this.answer.headers).end(this.answer.body);
    });
  }

  static async start(...keys: object[]): Promise<KeyServer> {
    const server = new KeyServer(keys);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  auth(options: Partial<TokenAuthOptions> = {}): (token: string) => Promise<string> {
    const auth = createTokenAuth({ jwksUrl: this.url, now: () => this.time, ...options });
    return async (token) => (await auth.authenticate(token)).userId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function keyset(...keys: readonly object[]): Answer {
  return { body: JSON.stringify({ keys }) };
}

const inADay = { exp: now / 1000 + 10 * 86_400 };
const rsaToken = (header = {}): Promise<string> =>
  sign({ key: rsa.privateKey, header: { alg: 'RS256', ...header }, payload: inADay });
const ecToken = (header = {}): Promise<string> =>
  sign({ key: ec.privateKey, header: { alg: 'ES256', ...header }, payload: inADay });

let server: KeyServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

describe('keys from a URL', () => {
  it('check RS256, ES256 and EdDSA tokens with one request', async () => {
    server = await KeyServer.start(...pairs.map(({ jwk, algorithm }) => ({ ...jwk, kid: algorithm })));
    const auth = server.auth();
    for (const { privateKey, algorithm } of pairs) {
      expect(await auth(await sign({ key: privateKey, header: { alg: algorithm, kid: algorithm } }))).toBe(
        'ada',
      );
    }
    expect(server.requests).toBe(1);
  });

  it('are fetched once when many tokens come at the same time', async () => {
    server = await KeyServer.start(rsa.jwk);
    const auth = server.auth();
    const token = await rsaToken();
    expect(await Promise.all(Array.from({ length: 50 }, () => auth(token)))).toEqual(Array(50).fill('ada'));
    expect(server.requests).toBe(1);
  });

  it('work without kid, one after the other', async () => {
    const { jwk } = ec;
    server = await KeyServer.start(ed.jwk, { ...rsa.jwk, kid: 'a' }, jwk, { ...jwk, kid: 'twin' });
    expect(await server.auth()(await ecToken())).toBe('ada');
  });

  it('are fetched again for a new kid, so that the issuer may rotate them', async () => {
    server = await KeyServer.start({ ...rsa.jwk, kid: '1' });
    const auth = server.auth();
    expect(await auth(await rsaToken({ kid: '1' }))).toBe('ada');
    server.answer = keyset({ ...ec.jwk, kid: '2' });
    server.time += 31_000;
    expect(await auth(await ecToken({ kid: '2' }))).toBe('ada');
    expect(server.requests).toBe(2);
    await expect(auth(await rsaToken({ kid: '1' }))).rejects.toThrow('no configured key fits it');
  });

  it('are fetched again when they are old', async () => {
    server = await KeyServer.start(rsa.jwk);
    const auth = server.auth();
    const token = await rsaToken();
    await auth(token);
    server.time += 601_000;
    await auth(token);
    expect(server.requests).toBe(2);
  });

  it('go on working for a day while the issuer is down, and then no longer', async () => {
    server = await KeyServer.start(rsa.jwk);
    const auth = server.auth();
    const token = await rsaToken();
    await auth(token);
    server.answer = { status: 503, body: '' };
    server.time += 3_600_000;
    expect(await auth(token)).toBe('ada');
    server.time += 86_400_000;
    await expect(auth(token)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('are asked for before other keys only when those do not fit', async () => {
    server = await KeyServer.start(rsa.jwk);
    const auth = server.auth({ secret });
    expect(await auth(await sign())).toBe('ada');
    expect(server.requests).toBe(0);
    expect(await auth(await rsaToken())).toBe('ada');
  });

  it('are never private or symmetric ones', async () => {
    const symmetric = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS256' };
    server = await KeyServer.start(symmetric, rsa.privateKey.export({ format: 'jwk' }));
    const auth = server.auth();
    await expect(auth(await sign())).rejects.toThrow('no key is configured for its algorithm');
    await expect(auth(await rsaToken())).rejects.toThrow('token refused');
  });
});

describe('a hostile token', () => {
  it('causes no request when it can be refused without keys', async () => {
    server = await KeyServer.start(rsa.jwk);
    const auth = server.auth({ issuer: 'https://issuer.example' });
    const tokens = [
      await sign(),
      await sign({ key: rsa.privateKey, header: { alg: 'RS512' } }),
      await rsaToken({ jku: server.url }),
      await rsaToken({ x5u: server.url }),
      await sign({ key: rsa.privateKey, header: { alg: 'RS256' }, payload: { iss: 'https://evil.example' } }),
      await rsaToken(),
      'a.b.c',
      'x'.repeat(9000),
    ];
    for (const token of tokens) await expect(auth(token)).rejects.toThrow('token refused');
    expect(server.requests).toBe(0);
  });

  it('never makes the server fetch from where the token says', async () => {
    server = await KeyServer.start(rsa.jwk);
    await using evil = await KeyServer.start(ec.jwk);
    const auth = server.auth();
    const tokens = [
      await ecToken({ jku: evil.url }),
      await ecToken({ x5u: evil.url }),
      await ecToken({ kid: evil.url }),
      await sign({ key: ec.privateKey, header: { alg: 'ES256' }, payload: { iss: evil.url } }),
    ];
    for (const token of tokens) await expect(auth(token)).rejects.toThrow('token refused');
    expect(evil.requests).toBe(0);
  });

  it('is not checked with keys from where the configured URL redirects to', async () => {
    await using other = await KeyServer.start(rsa.jwk);
    server = await KeyServer.start();
    server.answer = { status: 302, headers: { location: other.url }, body: '' };
    await expect(server.auth()(await rsaToken())).rejects.toMatchObject({ code: 'unavailable' });
    expect(other.requests).toBe(0);
  });

  it('with made-up kids causes one request per cooldown', async () => {
    server = await KeyServer.start({ ...rsa.jwk, kid: '1' });
    const auth = server.auth();
    const madeUp = await Promise.all(Array.from({ length: 30 }, (_, n) => rsaToken({ kid: `made up ${n}` })));
    for (const token of madeUp) await expect(auth(token)).rejects.toThrow('no configured key fits it');
    expect(server.requests).toBe(1);
    server.time += 30_000;
    await Promise.allSettled(madeUp.map(auth));
    expect(server.requests).toBe(2);
  });

  it('cannot make a failing issuer be asked all the time', async () => {
    server = await KeyServer.start();
    server.answer = { status: 500, body: 'no' };
    const auth = server.auth();
    const token = await rsaToken();
    for (let n = 0; n < 10; n += 1) await expect(auth(token)).rejects.toMatchObject({ code: 'unavailable' });
    expect(server.requests).toBe(1);
    server.answer = keyset(rsa.jwk);
    server.time += 5000;
    expect(await auth(token)).toBe('ada');
  });
});

describe('a strange key server', () => {
  const strange: Record<string, Answer> = {
    'that answers with something else': { body: '<html>' },
    'that answers with another shape': { body: '{"keys":{"a":1}}' },
    'that answers with too much': { body: `{"keys":[],"x":"${'x'.repeat(300_000)}"}` },
    'that never answers': 'never',
  };
  for (const [name, answer] of Object.entries(strange)) {
    it(`${name} is an outage, not a bad token`, async () => {
      server = await KeyServer.start();
      server.answer = answer;
      const error = await server
        .auth({ jwks: { timeout: 200 } })(await rsaToken())
        .catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ThrumError);
      expect(error).toMatchObject({ code: 'unavailable' });
    });
  }
});
