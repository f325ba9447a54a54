import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { WireTokens } from '../src/index.ts';
import { afterAll, beforeAll } from 'vitest';

const issuer = 'https://issuer.test';
const audience = 'wire';
const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = own.publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** How the target verifies: one public key and nothing else, so that every other way in is an attack. */
export const tokenAuth = { publicKey: publicPem, issuer, audience, clockTolerance: 0 };

type Json = Readonly<Record<string, unknown>>;

// Written by hand and not with the server's own library, which would refuse to make most of these.
function jwt(header: Json, payload: Json, signature: (input: string) => Buffer): string {
  const input = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${signature(input).toString('base64url')}`;
}

const rs256 = (key: KeyObject) => (input: string) => sign('RSA-SHA256', Buffer.from(input), key);
const hs256 = (secret: string | Buffer) => (input: string) =>
  createHmac('sha256', secret).update(input).digest();

function claims(more: Json = {}): Json {
  const now = Math.floor(Date.now() / 1000);
  return { sub: 'alice', iss: issuer, aud: audience, iat: now, exp: now + 3600, ...more };
}

function signed(more: Json = {}, header: Json = {}, key: KeyObject = own.privateKey): string {
  return jwt({ alg: 'RS256', typ: 'JWT', ...header }, claims(more), rs256(key));
}

/** Counts who comes to fetch a key that a token has named: nobody may. */
async function keyServer(): Promise<AsyncDisposable & { readonly url: string; readonly requests: string[] }> {
  const requests: string[] = [];
  const jwk = { ...foreign.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' };
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function wireTokens(keys: () => string): WireTokens {
  const past = () => Math.floor(Date.now() / 1000) - 3600;
  const future = () => Math.floor(Date.now() / 1000) + 3600;
  const none = (alg: string) => () => jwt({ alg, typ: 'JWT' }, claims(), () => Buffer.alloc(0));
  const tampered = () => {
    const [header, , signature] = signed().split('.');
    return [
      header,
      Buffer.from(JSON.stringify(claims({ sub: 'root' }))).toString('base64url'),
      signature,
    ].join('.');
  };
  return {
    valid: (user, { expiresIn = 3600 } = {}) =>
      signed({ sub: user, exp: Math.floor(Date.now() / 1000) + expiresIn }),
    refused: {
      'an expired token': () => signed({ exp: past() }),
      'a token of the future': () => signed({ nbf: future() }),
      'exp as a text': () => signed({ exp: String(future()) }),
      'exp as an object': () => signed({ exp: { valueOf: future() } }),
      'another issuer': () => signed({ iss: 'https://evil.test' }),
      'no issuer': () => signed({ iss: undefined }),
      'another audience': () => signed({ aud: 'other' }),
      'an audience that only contains the right one': () => signed({ aud: 'wire-and-more' }),
      'no audience': () => signed({ aud: undefined }),
      'another key': () => signed({}, {}, foreign.privateKey),
      'a changed payload': tampered,
      'no signature': () => `${signed().split('.').slice(0, 2).join('.')}.`,
      'a signature of zeros': () => jwt({ alg: 'RS256' }, claims(), () => Buffer.alloc(256)),
      'alg none': none('none'),
      'alg None': none('None'),
      'no alg': () => jwt({ typ: 'JWT' }, claims(), rs256(own.privateKey)),
      'alg none with the signature of another token': () =>
        jwt({ alg: 'none' }, claims(), rs256(own.privateKey)),
      'HS256 signed with the public key': () => jwt({ alg: 'HS256', typ: 'JWT' }, claims(), hs256(publicPem)),
      'HS256 signed with the public key, trimmed': () =>
        jwt({ alg: 'HS256' }, claims(), hs256(publicPem.trim())),
      'HS256 signed with the public key in DER': () =>
        jwt({ alg: 'HS256' }, claims(), hs256(own.publicKey.export({ type: 'spki', format: 'der' }))),
      'HS256 signed with nothing': () => jwt({ alg: 'HS256' }, claims(), hs256('')),
      'HS256 with a kid that is a path': () =>
        jwt({ alg: 'HS256', kid: '../../../../dev/null' }, claims(), hs256('')),
      'an unknown crit': () => signed({}, { crit: ['x-unknown'], 'x-unknown': true }),
      'crit for b64': () => signed({}, { crit: ['b64'], b64: false }),
      'a jku and its key': () => signed({}, { jku: keys(), kid: 'k' }, foreign.privateKey),
      'a jku with the right key': () => signed({}, { jku: keys() }),
      'an x5u': () => signed({}, { x5u: keys() }, foreign.privateKey),
      'a key of its own in the header': () =>
        signed({}, { jwk: foreign.publicKey.export({ format: 'jwk' }) }, foreign.privateKey),
      'a logout token': () => signed({}, { typ: 'logout+jwt' }),
      'no user': () => signed({ sub: undefined }),
      'an empty user': () => signed({ sub: '' }),
      'a user of 256 letters': () => signed({ sub: 'x'.repeat(256) }),
      'a user with a line feed': () => signed({ sub: 'alice\nbob' }),
      'a user that is an object': () => signed({ sub: { toString: 'alice' } }),
      'more than 8 KiB': () => signed({ pad: 'x'.repeat(8192) }),
      'a fourth part': () => `${signed()}.x`,
      'dots at its end': () => `${signed()}..`,
    },
  };
}

/** Tokens for the tests of the file that calls this, and what was asked of the server of keys that some of them name. */
export function useWireTokens(): { readonly tokens: WireTokens; readonly asked: () => readonly string[] } {
  let keys: Awaited<ReturnType<typeof keyServer>>;
  beforeAll(async () => {
    keys = await keyServer();
  });
  afterAll(() => keys[Symbol.asyncDispose]());
  return { tokens: wireTokens(() => keys.url), asked: () => keys.requests };
}
