import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { UpgradeSource } from '../attach.ts';
import type { RequestHandler } from './routes.ts';

/** HTTP time-outs: none of them touches a WebSocket. */
export interface HttpTimeouts {
  /** Seconds for a request's headers, silence before the first byte included. Default 10. */
  readonly headersSeconds?: number;
  /** Seconds for a whole request. Default 30. */
  readonly requestSeconds?: number;
  /** Seconds an idle connection is kept for another request. Default 5. */
  readonly keepAliveSeconds?: number;
}

/** What a server of ours is made of. */
export interface Serving {
  readonly timeouts: HttpTimeouts;
  readonly handle: RequestHandler;
  readonly isOurUpgrade: (request: IncomingMessage) => boolean;
}

/** A server of ours, whatever versions of HTTP it speaks. */
export interface Listener {
  readonly server: NetServer & UpgradeSource;
  /** Takes nothing new: no connections, and where the protocol can say so no requests. What has begun goes on. */
  stop(): void;
  /** Ends what is left. Resolves when nothing is. */
  end(): Promise<void>;
}

/** Node counts the request line, which may carry a token of 8 KiB, besides the headers. */
export const maxHeaderSize = 24_576;

/** Options that both kinds of server understand. Set later, Node would not look at the time-outs before its next check. */
export function serverOptions({ timeouts, isOurUpgrade }: Serving): {
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly shouldUpgradeCallback: (request: IncomingMessage) => boolean;
} {
  const { headersSeconds = 10, requestSeconds = 30, keepAliveSeconds = 5 } = timeouts;
  const shortest = Math.min(headersSeconds, requestSeconds);
  return {
    maxHeaderSize,
    headersTimeout: headersSeconds * 1000,
    requestTimeout: Math.max(requestSeconds, headersSeconds) * 1000,
    keepAliveTimeout: keepAliveSeconds * 1000,
    connectionsCheckingInterval: Math.min(shortest * 500, 1000),
    // Node ≥ 24.9: an upgrade to anything else is answered like the request that it is.
    shouldUpgradeCallback: isOurUpgrade,
  };
}

/** A server for HTTP/1.1 without TLS. */
export function createPlainListener(serving: Serving): Listener {
  const server: Server = createServer(serverOptions(serving), (request, response) =>
    serving.handle(request, response),
  );
  let closed: Promise<unknown> | undefined;
  const stop = (): void => {
    closed ??= new Promise((resolve) => server.close(resolve));
  };
  return {
    server,
    stop,
    async end() {
      stop();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Resolves when the server listens. @throws Error for an address that is taken or not ours. */
export async function listenOn(server: NetServer, port: number, host: string): Promise<AddressInfo> {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address() as AddressInfo;
}
