import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authentication, Core, Env, Log } from '@thrum/core';
import { type Credentials, readCredentials } from '../../http/credentials.ts';
import type { Problem } from '../../http/problem.ts';
import { logRefusal } from '../../http/refusal.ts';
import { authenticate, handshakeOf, within } from '../authenticate.ts';
import { agreeOnDeflate, type Agreement, offeredProtocols, type Upgrade } from './agreement.ts';
import { chooseProtocol, codecOf } from './codecs.ts';
import type { WebSocketConnection } from './connection.ts';
import { type CompressionOptions, Deflater } from './deflater.ts';
import { checkHandshake } from './handshake.ts';
import { Heartbeat } from '../heartbeat.ts';
import type { OriginCheck } from './origins.ts';
import { Refuser } from './refuse.ts';
import { TurnWriter } from './turn-writer.ts';
import { upgrade } from './thrum/upgrade.ts';
import { Wires } from './wire.ts';
import { createWsUpgrade } from './ws/upgrade.ts';

/** How long connections may take to end while the whole server does. */
const lastCloseMs = 1000;

/** Who reads the frames of WebSockets. */
export type WebSocketEngine = 'thrum' | 'ws';

export interface EdgeOptions {
  readonly core: Core;
  readonly env: Env;
  readonly log: Log;
  readonly isAllowedOrigin: OriginCheck;
  /** Name of the cookie that may carry the token; absent: none does. */
  readonly tokenCookie?: string | undefined;
  /** Default `thrum`. */
  readonly engine?: WebSocketEngine | undefined;
  /** Whether messages are compressed where the client can (RFC 7692). Default false. */
  readonly compression?: boolean | CompressionOptions | undefined;
  /** Resolves when the core has started, `undefined` once it has; a rejection refuses every upgrade. */
  readonly ready: () => Promise<void> | undefined;
}

/** The way from an HTTP upgrade to a connection of the core, whoever owns the HTTP server. */
export class WebSocketEdge {
  private readonly options: EdgeOptions;
  private readonly heartbeat: Heartbeat<WebSocketConnection>;
  private readonly wires: Wires;
  private readonly take: Upgrade;
  private readonly refuser = new Refuser();
  private readonly pending = new Set<Duplex>();
  private closed = false;

  constructor(options: EdgeOptions) {
    const { limits } = options.core;
    this.options = options;
    this.heartbeat = new Heartbeat(limits);
    const { compression = false } = options;
    const deflater =
      compression === false ? undefined : new Deflater(compression === true ? {} : compression);
    const shared = { heartbeat: this.heartbeat, writer: new TurnWriter(options.env) };
    this.wires = new Wires(shared, limits, deflater);
    this.take = options.engine === 'ws' ? createWsUpgrade(limits) : upgrade;
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
    const agreement = this.agree(request);
    if (agreement === undefined) {
      this.refuse(request, socket, malformedProtocols);
      return;
    }
    const handshake = handshakeOf(authentication);
    try {
      const connection = this.take(request, socket, head, agreement);
      connection?.attach(this.options.core.accept(connection, handshake));
    } catch (error) {
      // This runs in an event of the application's server, where nobody would catch it.
      this.options.log.error('a handshake failed', {}, error);
      socket.destroy();
    }
  }

  /** `undefined`: the subprotocols are malformed. */
  private agree({ headers }: IncomingMessage): Agreement | undefined {
    const offered = offeredProtocols(headers['sec-websocket-protocol']);
    if (offered === undefined) return undefined;
    const protocol = chooseProtocol(offered);
    const extensions = this.wires.compress ? agreeOnDeflate(headers['sec-websocket-extensions']) : undefined;
    return { wire: this.wires.of(codecOf(protocol), extensions !== undefined), protocol, extensions };
  }
}

const closing: Problem = { status: 503, detail: 'The server is stopping.' };

const malformedProtocols: Problem = {
  status: 400,
  detail: 'Expected Sec-WebSocket-Protocol to be a list of different names.',
};

function destroyOnError(this: Duplex): void {
  this.destroy();
}
