import { isIP } from 'node:net';

/** Which web pages may connect; see {@link createOriginCheck}. */
export type Origins = readonly string[] | '*';

/** Whether a request with this `Origin` header, sent to this `Host`, may go on. */
export type OriginCheck = (origin: string, host: string | undefined) => boolean;

const defaultPorts: Readonly<Record<string, string>> = { 'http:': ':80', 'https:': ':443' };

/**
 * Decides on the `Origin` header of browsers (RFC 6455 §10.2). A list is matched exactly: scheme, host and port, as
 * browsers write them. Without a list a page may connect to the host it came from; in development also any page of this
 * machine, and then a host name that is not this machine's does not count, since DNS can be made to point here.
 * @throws TypeError for an entry that no browser would ever send.
 */
export function createOriginCheck(origins: Origins | undefined, development: boolean): OriginCheck {
  if (origins === '*') return () => true;
  if (origins === undefined) return development ? isLocalPage : isSameHost;
  const allowed = new Set(origins);
  for (const origin of allowed) {
    if (URL.parse(origin)?.origin !== origin || origin === 'null') {
      throw new TypeError(
        `origins: expected scheme, host and port such as "https://example.com", got ${JSON.stringify(origin)}`,
      );
    }
  }
  return (origin) => allowed.has(origin);
}

function isSameHost(origin: string, host: string | undefined): boolean {
  const url = pageUrl(origin);
  if (url === undefined || host === undefined) return false;
  const name = host.toLowerCase();
  return url.host === name || `${url.host}${defaultPorts[url.protocol]}` === name;
}

function isLocalPage(origin: string, host: string | undefined): boolean {
  const url = pageUrl(origin);
  if (url === undefined) return false;
  if (isLoopback(url.hostname)) return true;
  // An address cannot be rebound; a name can.
  return isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0 && isSameHost(origin, host);
}

/** Whether a host name, as URLs write it, can only be this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The origin as a URL; `undefined` for `null`, other schemes and whatever is not written as browsers write it. */
function pageUrl(origin: string): URL | undefined {
  const url = URL.parse(origin);
  return url !== null && url.origin === origin && url.protocol in defaultPorts ? url : undefined;
}
