import type { IncomingMessage } from 'node:http';
import { readCredentials } from '../../http/credentials.ts';
import type { Problem } from '../../http/problem.ts';
import type { OriginCheck } from './origins.ts';

const maxHeaders = 64;
const maxHeaderBytes = 8192;

/** 16 bytes in base64 (RFC 6455 §4.1). */
const keyPattern = /^[+/\dA-Za-z]{22}==$/;

/** Why an upgrade is refused, in the order of PROTOCOL.md §1; `undefined` when it may go on. */
export function checkHandshake(request: IncomingMessage, isAllowedOrigin: OriginCheck): Problem | undefined {
  return (
    checkHeaders(request) ??
    checkMethod(request) ??
    checkUpgrade(request) ??
    checkOrigin(request, isAllowedOrigin)
  );
}

/** The path of a request, without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Node's own limits are wider, count the request line, and are the application's where Thrum is attached. */
export function checkHeaders({ rawHeaders }: IncomingMessage): Problem | undefined {
  let bytes = 0;
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    // HTTP/2 sends the request line as headers, and its path may carry a token of 8 KiB.
    if (name.startsWith(':')) continue;
    // With ": " and the line end, as on the wire of HTTP/1.1.
    bytes += name.length + (rawHeaders[index + 1] ?? '').length + 4;
    count += 1;
  }
  if (count <= maxHeaders && bytes <= maxHeaderBytes) return undefined;
  return { status: 431, detail: `Expected at most ${maxHeaders} headers of ${maxHeaderBytes} bytes in all.` };
}

function checkMethod({ method }: IncomingMessage): Problem | undefined {
  if (method === 'GET') return undefined;
  return { status: 405, detail: 'Expected GET.', headers: { Allow: 'GET' } };
}

function checkUpgrade({ headers }: IncomingMessage): Problem | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return { status: 400, detail: 'Expected Upgrade: websocket.', headers: { Upgrade: 'websocket' } };
  }
  // ws would take version 8 as well, which no browser speaks and nothing here was tested with.
  if (headers['sec-websocket-version'] !== '13') {
    return { status: 426, detail: 'Expected version 13.', headers: { 'Sec-WebSocket-Version': '13' } };
  }
  const key = headers['sec-websocket-key'];
  if (key === undefined || !keyPattern.test(key)) {
    return { status: 400, detail: 'Expected a Sec-WebSocket-Key of 16 bytes in base64.' };
  }
  return undefined;
}

/**
 * Browsers always send `Origin`, so its absence means another program. One that shows a cookie and no token of its own
 * could still be a browser's request with the header cut off on the way.
 */
function checkOrigin(request: IncomingMessage, isAllowed: OriginCheck): Problem | undefined {
  const { headers } = request;
  const { origin } = headers;
  if (origin === undefined) {
    if (headers.cookie === undefined || readCredentials(request).token !== undefined) return undefined;
    return { status: 403, detail: 'Expected an Origin header besides the cookie.' };
  }
  if (isAllowed(origin, headers.host)) return undefined;
  return { status: 403, detail: 'This origin may not connect.' };
}
