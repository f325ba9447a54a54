import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { defaultDeadline, within } from './deadline.ts';

/** The head of an HTTP response, and what followed it. */
export interface HttpResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly rest: Buffer;
}

/** The key of RFC 6455 §1.3, and the answer to it. */
export const sampleKey: { readonly key: string; readonly accept: string } = {
  key: 'dGhlIHNhbXBsZSBub25jZQ==',
  accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
};

export interface UpgradeRequest {
  readonly method?: string;
  readonly path?: string;
  /** Replace or, with `undefined`, remove the usual headers. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Whole header lines after the others, as they are. */
  readonly lines?: readonly string[];
}

/** The bytes of a WebSocket handshake, correct unless told otherwise. */
export function upgradeRequest(host: string, request: UpgradeRequest = {}): string {
  const headers: Record<string, string | undefined> = {
    Host: host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey.key,
    'Sec-WebSocket-Version': '13',
    ...request.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return [
    `${request.method ?? 'GET'} ${request.path ?? '/ws'} HTTP/1.1`,
    ...lines,
    ...(request.lines ?? []),
    '',
    '',
  ].join('\r\n');
}

/** A TCP connection to the host of a ws: or http: URL. Errors end in `close`, as they do for a peer. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({
    host: hostname.replace(/^\[|\]$/gu, ''),
    port: Number(port || 80),
    allowHalfOpen: true,
  });
  socket.setNoDelay(true);
  socket.on('error', () => {});
  await within(Promise.race([once(socket, 'connect'), failed(socket)]), () => `a connection to ${url}`);
  return socket;
}

/** Writes a request as it is and reads the head of the response. The socket stays open. */
export async function exchange(
  socket: Socket,
  request: string | Uint8Array,
  deadline: number = defaultDeadline,
): Promise<HttpResponse> {
  socket.write(request);
  return readResponse(socket, deadline);
}

/** Reads the head of a response. Leaves the socket without listeners and paused, what came after the head in `rest`. */
export function readResponse(socket: Socket, deadline: number = defaultDeadline): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  let received: Buffer = Buffer.alloc(0);
  const data = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.pause();
    resolve(parseHead(received.subarray(0, end).toString('latin1'), received.subarray(end + 4)));
  };
  const ended = () => reject(new Error(`the server ended the connection after ${received.length} bytes`));
  socket.on('data', data).on('end', ended).on('close', ended);
  return within(promise, () => 'an HTTP response', deadline).finally(() => {
    socket.off('data', data).off('end', ended).off('close', ended);
  });
}

function parseHead(head: string, rest: Buffer): HttpResponse {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), headers, rest };
}

async function failed(socket: Socket): Promise<never> {
  await once(socket, 'close');
  throw new Error('the connection was refused');
}
