import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OriginCheck, Origins } from '../transports/websocket/origins.ts';
import type { Credentials } from './credentials.ts';
import type { Problem } from './problem.ts';
import { safeHeaders } from './reply.ts';

/** Seconds for which a browser may remember a preflight: Chromium's own maximum. */
const preflightSeconds = 7200;

const allowedHeaders = 'Authorization, Content-Type, Last-Event-ID';

/** Pages of other origins at endpoints that browsers read: who may, and what to tell the browser (PROTOCOL.md §16). */
export class Cors {
  private readonly isAllowed: OriginCheck;
  private readonly allowsAll: boolean;

  constructor(origins: Origins | undefined, isAllowed: OriginCheck) {
    this.isAllowed = isAllowed;
    this.allowsAll = origins === '*';
  }

  /**
   * Why a request is refused. A browser leaves `Origin` out of a GET to its own site, so its absence says nothing;
   * `Sec-Fetch-Site`, which no page can set, does where it is there. Where neither is, no other page can read the answer
   * to a GET; a POST always carries `Origin`, so one with a cookie and without it comes from no browser that keeps to
   * the rules.
   */
  check(request: IncomingMessage, credentials: Credentials): Problem | undefined {
    const { headers, method } = request;
    const { origin } = headers;
    if (origin !== undefined) return this.isAllowed(origin, hostOf(request)) ? undefined : forbidden;
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site === 'same-origin' || site === 'none' ? undefined : forbidden;
    if (method === 'GET' || !credentials.fromCookie) return undefined;
    return { status: 403, detail: 'Expected an Origin header besides the cookie.' };
  }

  /** What an answer says to the browser. To an origin that is not allowed it says nothing. */
  headers(request: IncomingMessage): Record<string, string> {
    const { origin } = request.headers;
    if (origin === undefined || !this.isAllowed(origin, hostOf(request))) return { Vary: 'Origin' };
    // With `*` no credentials: any page could read what its visitors may.
    if (this.allowsAll) return { Vary: 'Origin', 'Access-Control-Allow-Origin': '*' };
    return {
      Vary: 'Origin',
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Credentials': 'true',
    };
  }

  /** Answers a preflight (Fetch §4.8). */
  preflight(request: IncomingMessage, response: ServerResponse, methods: string): void {
    const cors = this.headers(request);
    const isAllowed = 'Access-Control-Allow-Origin' in cors;
    response.writeHead(204, {
      ...safeHeaders,
      Allow: methods,
      ...cors,
      ...(isAllowed && {
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Allow-Headers': allowedHeaders,
        'Access-Control-Max-Age': preflightSeconds,
      }),
    });
    response.end();
  }
}

const forbidden: Problem = { status: 403, detail: 'This origin may not connect.' };

/** The host that a request names: HTTP/2 has a pseudo-header for it (RFC 9113 §8.3.1). */
function hostOf({ headers }: IncomingMessage): string | undefined {
  const authority = headers[':authority'];
  return headers.host ?? (typeof authority === 'string' ? authority : undefined);
}
