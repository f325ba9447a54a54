import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketConnection } from './connection.ts';
import type { Wire } from './wire.ts';

/** What a handshake has come to. */
export interface Agreement {
  readonly wire: Wire;
  /** The subprotocol to confirm; absent: none. */
  readonly protocol: string | undefined;
  /** `Sec-WebSocket-Extensions` of the answer; absent: none. */
  readonly extensions: string | undefined;
}

/**
 * Ends a handshake that was checked already and takes its socket over. `undefined`: the client has gone meanwhile.
 * Laws: nothing is read from the socket, `head` included, before the turn is over in which this is called.
 */
export type Upgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  agreement: Agreement,
) => WebSocketConnection | undefined;

const token = "[!#$%&'*+.^_`|~\\w-]+";
const tokenList = new RegExp(`^${token}(?:[ \\t]*,[ \\t]*${token})*$`);

/** The subprotocols that a client offers (RFC 6455 §4.1); `undefined` where the header is malformed or names one twice. */
export function offeredProtocols(header: string | undefined): ReadonlySet<string> | undefined {
  if (header === undefined) return nothing;
  if (!tokenList.test(header)) return undefined;
  const names = header.split(',').map((name) => name.trim());
  const offered = new Set(names);
  return offered.size === names.length ? offered : undefined;
}

const nothing: ReadonlySet<string> = new Set();

const flag = /^$/;
const bits = /^(?:[89]|1[0-5])$/;

/** Parameters of an offer that can be agreed to, and their values (RFC 7692 §7.1); '' where there is none. */
const parameters: ReadonlyMap<string, RegExp> = new Map([
  ['server_no_context_takeover', flag],
  ['client_no_context_takeover', flag],
  // A message is compressed once for all who get it, with the whole window; who has less cannot be one of them.
  ['server_max_window_bits', /^15$/],
  // Any window can be inflated.
  ['client_max_window_bits', new RegExp(`${flag.source}|${bits.source}`)],
]);

/**
 * The answer to an offer of permessage-deflate; `undefined` where there is none that can be agreed to, which leaves the
 * connection without. No context is taken over either way: it would cost each connection two windows of 32 KiB, and a
 * message for many could not be compressed once.
 */
export function agreeOnDeflate(header: string | undefined): string | undefined {
  for (const offer of header?.split(',') ?? []) {
    const [name, ...given] = offer.split(';').map((part) => part.trim());
    if (name !== 'permessage-deflate' || !given.every(isKnown) || hasTwice(given.map(nameOf))) continue;
    const window = given.some((parameter) => nameOf(parameter) === 'server_max_window_bits');
    return `${noTakeover}${window ? '; server_max_window_bits=15' : ''}`;
  }
  return undefined;
}

const noTakeover = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

function isKnown(parameter: string): boolean {
  const [name = '', value = ''] = parameter.split('=', 2);
  return parameters.get(name)?.test(value.replace(/^"(.*)"$/, '$1')) === true;
}

function nameOf(parameter: string): string {
  return parameter.split('=', 1)[0] ?? '';
}

function hasTwice(names: readonly string[]): boolean {
  return new Set(names).size < names.length;
}
