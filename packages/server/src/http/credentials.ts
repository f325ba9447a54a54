import type { IncomingMessage } from 'node:http';

const maxTokenLength = 8192;

/** What of a handshake counts: its token, if it had one. */
export interface Credentials {
  readonly token: string | undefined;
  /** A token that no key could have signed is not worth verifying. */
  readonly tooLong: boolean;
  /** A browser adds cookies to the requests of any page, so one counts only where the origin was checked. */
  readonly fromCookie: boolean;
}

/**
 * The token of a handshake: `Authorization: Bearer`, else `?token=`, else the cookie of this name (PROTOCOL.md §9). An
 * empty one is none.
 */
export function readCredentials(
  { headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>,
  cookie?: string,
): Credentials {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  // Most handshakes have no query, and parsing none takes as long as everything else here.
  const own = bearer || (url.includes('?') && queryOf(url).get('token')) || undefined;
  const token = own ?? (cookie === undefined ? undefined : cookieOf(headers.cookie, cookie) || undefined);
  return {
    token,
    tooLong: token !== undefined && Buffer.byteLength(token) > maxTokenLength,
    fromCookie: token !== undefined && own === undefined,
  };
}

/** The query of a request's URL. */
export function queryOf(url: string): URLSearchParams {
  const query = url.indexOf('?');
  return new URLSearchParams(query < 0 ? '' : url.slice(query));
}

/** The first cookie of that name: browsers send the one with the most specific path first (RFC 6265 §5.4). */
function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    return pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** RFC 6265 §4.1.1: a token of RFC 9110 §5.6.2. */
export function isCookieName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name);
}

/** @throws TypeError for a name that no cookie can have, and where any page could use the cookies of its visitors. */
export function checkTokenCookie(
  name: string | undefined,
  origins: readonly string[] | '*' | undefined,
): void {
  if (name === undefined) return;
  if (!isCookieName(name)) {
    throw new TypeError(`tokenCookie: expected the name of a cookie, got ${JSON.stringify(name)}`);
  }
  if (origins === '*') {
    throw new TypeError(
      'tokenCookie: expected a list of origins beside it, got *: any page could act as its visitors',
    );
  }
}
