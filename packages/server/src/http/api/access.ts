import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ErrorCode } from '@thrum/protocol';
import { createOriginCheck, isLoopback } from '../../transports/websocket/origins.ts';
import type { Problem } from '../problem.ts';

/** A key that can be guessed opens everything. */
const minKeyLength = 32;

/** What is wrong with an API key: it has to fit a header (RFC 6750 §2.1), and must not be guessed in production. */
export function apiKeyProblem(key: string, production: boolean): string | undefined {
  if (key.length === 0) return 'expected a key, got an empty string';
  if (!/^[\w\-.~+/]+=*$/.test(key)) return 'expected letters, digits and -._~+/ with = at the end at most';
  if (production && key.length < minKeyLength) {
    return `expected at least ${minKeyLength} characters in production, got ${key.length}: make one with \`openssl rand -hex 32\``;
  }
  return undefined;
}

/** Who may use the HTTP API: whoever shows a key; in development without one, programs on this machine. */
export class ApiAccess {
  private readonly digests: readonly Buffer[];
  private readonly development: boolean;

  /** @throws TypeError for a key that cannot be used. */
  constructor(keys: readonly string[], development: boolean) {
    for (const key of keys) {
      const problem = apiKeyProblem(key, !development);
      if (problem !== undefined) throw new TypeError(`apiKeys: ${problem}`);
    }
    this.digests = keys.map(digest);
    this.development = development;
  }

  /** `off`: nobody may, and the API is not there. `local`: no key is needed on this machine. */
  get kind(): 'keys' | 'local' | 'off' {
    if (this.digests.length > 0) return 'keys';
    return this.development ? 'local' : 'off';
  }

  /** Why a request is refused; `undefined` when it may go on. */
  check(request: IncomingMessage): Problem | undefined {
    return this.kind === 'keys' ? this.checkKey(request) : checkLocal(request);
  }

  private checkKey(request: IncomingMessage): Problem | undefined {
    const key = presentedKey(request);
    if (key === undefined) return unauthorized('authentication_required', 'Expected an API key');
    return this.isKnown(key) ? undefined : unauthorized('invalid_token', 'This API key is not known');
  }

  /** Takes the same time whichever key it is and wherever two differ: all are compared, as digests of one length. */
  private isKnown(key: string): boolean {
    const presented = digest(key);
    return this.digests.map((known) => timingSafeEqual(known, presented)).includes(true);
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** `Authorization: Bearer`, else `X-API-Key`. Never the URL, which proxies and histories keep. */
function presentedKey({ headers }: IncomingMessage): string | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const header = headers['x-api-key'];
  return bearer ?? (typeof header === 'string' && header !== '' ? header : undefined);
}

function unauthorized(code: ErrorCode, what: string): Problem {
  const detail = `${what}: send it as "Authorization: Bearer …" or "X-API-Key: …".`;
  return { status: 401, code, detail, headers: { 'WWW-Authenticate': 'Bearer realm="thrum"' } };
}

const isLocalPage = createOriginCheck(undefined, true);

/** A proxy says for whom it asks, and then its own address says nothing. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

/**
 * Without a key the peer has to be a program of this machine: a loopback address, no proxy in between, a `Host` that is
 * this machine (a name of elsewhere may have been rebound to it), and no page of another site that a browser shows.
 */
function checkLocal({ headers, socket }: IncomingMessage): Problem | undefined {
  const host = headers.host ?? headers[':authority'];
  const { origin } = headers;
  const isLocal =
    isLoopbackAddress(socket.remoteAddress) &&
    proxyHeaders.every((name) => headers[name] === undefined) &&
    typeof host === 'string' &&
    isLoopback(URL.parse(`http://${host}`)?.hostname ?? '') &&
    (origin === undefined || isLocalPage(origin, host)) &&
    headers['sec-fetch-site'] !== 'cross-site';
  if (isLocal) return undefined;
  const detail =
    'Without an API key only programs on this machine may use the HTTP API, at localhost: configure one (THRUM_API_KEY).';
  return { status: 403, code: 'access_denied', detail };
}

function isLoopbackAddress(address = ''): boolean {
  const ip = address.replace(/^::ffff:/, '');
  return ip === '::1' || (isIP(ip) === 4 && ip.startsWith('127.'));
}
