import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { EventQueue } from '@thrum/testkit';
import type { WebhookEvent, WebhookRequest } from '../../src/index.ts';

export const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const otherSecret = 'whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhlIG90aGVyIG9uZQ==';

/** A request as it came over the wire. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly request: WebhookRequest;
}

/** What a backend does with a request: a JSON value to answer with 200, or whatever it does to the response itself. */
export type Behaviour = (received: Received, response: ServerResponse) => unknown;

/** Told by a behaviour that has dealt with the response on its own. */
export const dealtWith: unique symbol = Symbol('dealt with');

/** A real backend on loopback: what it received is on record, what it does is the test's to say. */
export class TestBackend implements AsyncDisposable {
  readonly received: EventQueue<Received> = new EventQueue();
  readonly sockets = new Set<Socket>();
  /** Connections ever made. */
  connections = 0;
  behave: Behaviour;
  private readonly server: ReturnType<typeof createServer>;
  private readonly scheme: string;

  private constructor(behave: Behaviour, tls: { readonly key: string; readonly cert: string } | undefined) {
    this.behave = behave;
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { method = '', url = '', headers } = request;
        const received = { method, url, headers, body, request: JSON.parse(body) as WebhookRequest };
        this.received.push(received);
        const answer = this.behave(received, response);
        if (answer === dealtWith) return;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer ?? null));
      });
    };
    this.server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.scheme = tls === undefined ? 'http' : 'https';
    this.server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(
    behave: Behaviour = () => ({ allow: true }),
    {
      port = 0,
      tls,
    }: { readonly port?: number; readonly tls?: { readonly key: string; readonly cert: string } } = {},
  ): Promise<TestBackend> {
    const backend = new TestBackend(behave, tls);
    backend.server.listen(port, '127.0.0.1');
    await once(backend.server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}/hooks`;
  }

  /** The next request that nobody took yet. */
  next(deadline?: number): Promise<Received> {
    return this.received.next(
      () => true,
      () => 'a request to the backend',
      deadline,
    );
  }

  /** All events that it was told, in the order of delivery; a batch that came twice counts once. */
  get events(): readonly WebhookEvent[] {
    const byId = new Map(
      this.received.seen.map((received) => [received.headers['webhook-id'], received.request]),
    );
    return [...byId.values()].flatMap((request) => (request.type === 'events' ? request.data.events : []));
  }

  /** `channel.occupied room:a`, …: type and subject of each event. */
  get told(): readonly string[] {
    return this.events.map((event) => {
      const { type, timestamp: _, ...rest } = event;
      return [type, ...Object.values(rest).slice(0, 2)].join(' ');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A port of this machine that nobody listens on. */
export async function closedPort(): Promise<number> {
  await using backend = await TestBackend.start();
  return backend.port;
}
