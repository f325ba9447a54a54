import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as ask,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** What becomes of a request: it never arrives, or its answer does not. The client sees a broken connection. */
export type HttpFault = 'lose request' | 'lose answer';

/** A proxy on a port of its own that understands HTTP, and thinks it knows better. */
export async function startHttpProxy(target: string): Promise<HttpProxy> {
  const server = createServer();
  const proxy = new HttpProxy(server, target);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return proxy;
}

export class HttpProxy implements AsyncDisposable {
  /** What becomes of `Upgrade`: it works, it is answered with 403, or it is never answered. */
  upgrades: 'pass' | 'refuse' | 'swallow' = 'pass';
  /** Holds each answer back until it is complete. */
  buffering: boolean = false;
  /** Asked about each request that is no upgrade. */
  fault: (method: string, path: string) => HttpFault | undefined = () => undefined;
  /** `GET /connect/sse`, `upgrade /ws` …: each as it comes. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #target: URL;
  readonly #clients = new Set<Duplex>();

  constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = new URL(target);
    server.on('connection', (socket: Duplex) => {
      this.#clients.add(socket);
      socket.on('error', () => {}); // `close` follows
      socket.on('close', () => this.#clients.delete(socket));
    });
    server.on('request', (request, response) => this.#pass(request, response));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** `http://127.0.0.1:port` */
  get httpUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** `ws://127.0.0.1:port/ws` */
  get url(): string {
    return `${this.httpUrl.replace(/^http/u, 'ws')}/ws`;
  }

  /** How many of the requests so far began so. */
  count(start: string): number {
    return this.requests.filter((request) => request.startsWith(start)).length;
  }

  /** Sends new requests elsewhere. */
  retarget(target: string): void {
    this.#target = new URL(target);
  }

  /** Breaks every connection of a client, whatever is on it. */
  cut(): void {
    for (const socket of this.#clients) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = request;
    const path = url.replace(/\?.*/u, '');
    this.requests.push(`${method} ${path}`);
    const fault = this.fault(method, path);
    if (fault === 'lose request') {
      // Behind its body: a client that still writes would be told of a reset in another way.
      request.resume().on('end', () => request.socket.destroy());
      return;
    }
    const forwarded = this.#forward(request);
    forwarded.on('error', () => request.socket.destroy());
    forwarded.on('response', (answer) => {
      if (fault === 'lose answer') answer.resume().on('end', () => request.socket.destroy());
      else void this.#answer(answer, response);
    });
    // A client that goes takes its request along, as a stream that nobody reads any more has to end.
    response.on('close', () => {
      if (!response.writableFinished) forwarded.destroy();
    });
    request.pipe(forwarded);
  }

  async #answer(answer: IncomingMessage, response: ServerResponse): Promise<void> {
    answer.on('error', () => response.destroy());
    if (!this.buffering) {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
      return;
    }
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.end(Buffer.concat(chunks));
    });
  }

  #upgrade(request: IncomingMessage, client: Duplex, head: Buffer): void {
    this.requests.push(`upgrade ${(request.url ?? '').replace(/\?.*/u, '')}`);
    if (this.upgrades === 'swallow') return;
    if (this.upgrades === 'refuse') {
      client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const forwarded = this.#forward(request);
    forwarded.on('error', () => client.destroy());
    forwarded.on('response', () => client.destroy());
    forwarded.on('upgrade', (answer, server, first) => {
      const lines = pairs(answer.rawHeaders).map(([name, value]) => `${name}: ${value}`);
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      client.write(first);
      server.write(head);
      server.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.on('close', () => server.destroy());
      client.pipe(server).pipe(client);
    });
    forwarded.end();
  }

  #forward({ method, url, headers }: IncomingMessage): ClientRequest {
    const { hostname, port } = this.#target;
    return ask({ hostname, port, method, path: url, headers, agent: false });
  }
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
}
