import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authentication, Core, Env, Log } from '@thrum/core';
import { jsonCodec } from '@thrum/protocol';
import { type Server, WebSocketServer } from 'ws';
import { type Credentials, readCredentials } from '../../http/credentials.ts';
import type { Problem } from '../../http/problem.ts';
import { logRefusal } from '../../http/refusal.ts';
import { authenticate, handshakeOf, within } from '../authenticate.ts';
import { WebSocketConnection } from './connection.ts';
import { WebSocketCodec } from './frames.ts';
import { checkHandshake } from './handshake.ts';
import { Heartbeat } from '../heartbeat.ts';
import type { OriginCheck } from './origins.ts';
import { Refuser } from './refuse.ts';
import { TurnWriter } from './turn-writer.ts';
import { Wire } from './wire.ts';

/** How long a peer may take to answer a close frame before its socket is destroyed. */
const closeTimeoutMs = 3000;
/** The same while the whole server ends. */
const lastCloseMs = 1000;

export interface EdgeOptions {
  readonly core: Core;
  readonly env: Env;
  readonly log: Log;
  readonly isAllowedOrigin: OriginCheck;
  /** Name of the cookie that may carry the token; absent: none does. */
  readonly tokenCookie?: string | undefined;
  /** Resolves when the core has started, `undefined` once it has; a rejection refuses every upgrade. */
  readonly ready: () => Promise<void> | undefined;
}

/** The way from an HTTP upgrade to a connection of the core, whoever owns the HTTP server. */
export class WebSocketEdge {
  private readonly options: EdgeOptions;
  private readonly server: Server<typeof WebSocketConnection>;
  private readonly heartbeat: Heartbeat<WebSocketConnection>;
  private readonly wire: Wire;
  private readonly refuser = new Refuser();
  private readonly pending = new Set<Duplex>();
  private closed = false;

  constructor(options: EdgeOptions) {
    const { limits } = options.core;
    this.options = options;
    this.heartbeat = new Heartbeat(limits);
    this.wire = new Wire(new WebSocketCodec(jsonCodec), this.heartbeat, new TurnWriter(options.env));
    // @types/ws does not know closeTimeout yet.
    const close = { closeTimeout: closeTimeoutMs };
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      maxFragments: limits.fragments,
      // A message sent byte by byte costs a buffer each; no network cuts smaller than this.
      maxBufferedChunks: Math.max(1024, Math.ceil(limits.messageBytes / 64)),
      WebSocket: WebSocketConnection,
      handleProtocols: chooseProtocol,
      ...close,
    });
  }

  /** Takes one upgrade over: it ends as a connection, or answered and closed. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const problem = this.closed ? closing : checkHandshake(request, this.options.isAllowedOrigin);
    if (problem !== undefined) {
      this.refuse(request, socket, problem);
      return;
    }
    const started = this.options.ready();
    const credentials = readCredentials(request, this.options.tokenCookie);
    // Nothing to wait for: most connections of an open server, or that send their token later, take one turn.
    if (started === undefined && credentials.token === undefined) {
      this.complete(request, socket, head, undefined);
      return;
    }
    this.pending.add(socket);
    socket.on('error', destroyOnError);
    void this.verify(request, socket, head, credentials, started).finally(() => this.pending.delete(socket));
  }

  /** Answers an upgrade that is not for a path of ours. */
  refuse(request: IncomingMessage, socket: Duplex, problem: Problem): void {
    logRefusal(this.options.log, 'handshake refused', request, problem);
    this.refuser.refuse(socket, problem);
  }

  /** Ends what is left after the core has closed its connections. */
  async close(): Promise<void> {
    this.closed = true;
    for (const socket of this.pending) socket.destroy();
    await within(this.options.env, lastCloseMs, this.heartbeat.empty(), undefined);
    for (const connection of this.heartbeat.connections) connection.terminate();
    // Their `close` events come in a later turn, and the core counts them.
    await this.heartbeat.empty();
    this.refuser.close();
    this.heartbeat.stop();
    this.server.close();
  }

  /** Verifies before the upgrade is completed: until then the client has no way to send a frame. */
  private async verify(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    credentials: Credentials,
    started: Promise<void> | undefined,
  ): Promise<void> {
    try {
      await started;
      const authentication = await authenticate(this.options, credentials);
      if (this.closed) socket.destroy();
      if (socket.destroyed) return;
      socket.off('error', destroyOnError);
      this.complete(request, socket, head, authentication);
    } catch (error) {
      this.options.log.error('a handshake failed', {}, error);
      this.refuser.refuse(socket, { status: 503, detail: 'Try again later.' });
    }
  }

  private complete(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    authentication: Authentication | undefined,
  ): void {
    const handshake = handshakeOf(authentication);
    try {
      this.server.handleUpgrade(request, socket, head, (connection) => {
        connection.open(socket, this.wire);
        connection.attach(this.options.core.accept(connection, handshake));
      });
    } catch (error) {
      // This runs in an event of the application's server, where nobody would catch it.
      this.options.log.error('a handshake failed', {}, error);
      socket.destroy();
    }
  }
}

const closing: Problem = { status: 503, detail: 'The server is stopping.' };

function chooseProtocol(offered: Set<string>): string | false {
  return offered.has(jsonCodec.subprotocol) ? jsonCodec.subprotocol : false;
}

function destroyOnError(this: Duplex): void {
  this.destroy();
}
