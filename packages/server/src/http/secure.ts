import type { ServerResponse } from 'node:http';
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from 'node:http2';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '@thrum/core';
import { type Certificate, readCertificate, type TlsOptions } from './certificate.ts';
import { type Listener, maxHeaderSize, serverOptions, type Serving } from './server.ts';

export interface SecureServing extends Serving {
  readonly tls: TlsOptions;
  /** Seconds without a byte in either direction after which an HTTP/2 connection is ended. */
  readonly idleSeconds: number;
  readonly log: Log;
}

/** A server with TLS. */
export interface SecureListener extends Listener {
  /** Reads the certificate again; new connections get it. A pair that does not work is logged, and the old one stays. */
  reload(): Promise<void>;
}

/** Each `EventSource` is a stream; browsers stop at 100 of their own accord. */
const maxConcurrentStreams = 256;

/**
 * Streams opened and reset at once cost work that no count of open streams sees (CVE-2023-44487). Twice all streams of a
 * page that is closed may go at once; the rate is nghttp2's own. Both have to be given, or neither counts.
 */
const resets = { streamResetBurst: 2 * maxConcurrentStreams, streamResetRate: 33 } as const;

/** What a peer may do wrong before its connection ends; Node's own are 1,000 and 100. */
const faults = { maxSessionInvalidFrames: 100, maxSessionRejectedStreams: 100 } as const;

/** How often files are looked at: certificates are renewed days before they end. */
const reloadMs = 60_000;

/** How long the last streams may take to end. */
const lastStreamsMs = 500;

/** A server for HTTP/2 and HTTP/1.1 on one port, as the client chooses in the handshake (ALPN). */
export async function createSecureListener(serving: SecureServing): Promise<SecureListener> {
  const certificate = await readCertificate(serving.tls);
  const options = serverOptions(serving);
  const server = createSecureServer(
    {
      ...options,
      ...certificate,
      ...resets,
      ...faults,
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      handshakeTimeout: options.headersTimeout,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderSize, enablePush: false },
    },
    (request, response) => {
      limitBody(request, options.requestTimeout);
      // The compatibility API has the shape of HTTP/1.1, which is all that handlers use of it.
      serving.handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    },
  );
  // Node 22 takes none of these as options here, and reads them when it begins to listen.
  const { shouldUpgradeCallback: _, ...limits } = options;
  Object.assign(server, limits);
  const sessions = trackSessions(server, options.headersTimeout, serving.idleSeconds * 1000);
  const sockets = trackSockets(server);
  const reload = createReload(server, serving, certificate);
  const timer = setInterval(() => void reload(), reloadMs).unref();
  let closed: Promise<unknown> | undefined;
  const stop = (): void => {
    clearInterval(timer);
    closed ??= new Promise((resolve) => server.close(resolve));
    // GOAWAY: what has begun goes on, and the client opens its next request elsewhere (RFC 9113 §6.8).
    for (const session of sessions) session.close();
  };
  return {
    server,
    stop,
    reload,
    async end() {
      stop();
      await allClosed(sessions, lastStreamsMs);
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Node's `requestTimeout` sees HTTP/1.1 only: a body over HTTP/2 could otherwise trickle for ever. */
function limitBody({ stream }: Http2ServerRequest, ms: number): void {
  // Requests of HTTP/1.1 come here too, and have no stream.
  if (stream === undefined || stream.endAfterHeaders) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ms).unref();
  const clear = (): void => clearTimeout(timer);
  stream.once('end', clear).once('close', clear);
}

/** A connection that has not asked for anything has less time than one that has. */
function trackSessions(
  server: Http2SecureServer,
  firstMs: number,
  idleMs: number,
): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setTimeout(firstMs, () => session.close());
    session.once('stream', () => session.setTimeout(idleMs));
  });
  return sessions;
}

/** `closeAllConnections` exists for HTTP/1.1 alone. */
function trackSockets(server: Http2SecureServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function createReload(
  server: Http2SecureServer,
  { tls, log }: Pick<SecureServing, 'tls' | 'log'>,
  first: Certificate,
): () => Promise<void> {
  let current = first;
  return async () => {
    try {
      const { cert, key } = await readCertificate(tls);
      if (cert === current.cert && key === current.key) return;
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
      current = { cert, key };
      log.info('the certificate was renewed');
    } catch (error) {
      // Perhaps only one of the two files has been written yet.
      log.warn('the certificate was not renewed: the one before stays', {}, error);
    }
  };
}

async function allClosed(sessions: ReadonlySet<ServerHttp2Session>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const closed = [...sessions].map(
    (session) => new Promise<void>((done) => session.once('close', () => done())),
  );
  await Promise.race([Promise.all(closed), late]);
  clearTimeout(timer);
}
