import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** HTTP time-outs: none of them touches a WebSocket. */
export interface HttpTimeouts {
  /** Seconds for a request's headers, silence before the first byte included. Default 10. */
  readonly headersSeconds?: number;
  /** Seconds for a whole request. Default 30. */
  readonly requestSeconds?: number;
  /** Seconds an idle connection is kept for another request. Default 5. */
  readonly keepAliveSeconds?: number;
}

/** Node counts the request line, which may carry a token of 8 KiB, besides the headers. */
const maxHeaderSize = 24_576;

/** Set later, these time-outs would not be looked at before the first check with the old ones. */
export function createHttpServer(
  timeouts: HttpTimeouts,
  handle: RequestListener,
  isOurUpgrade: (request: IncomingMessage) => boolean,
): Server {
  const { headersSeconds = 10, requestSeconds = 30, keepAliveSeconds = 5 } = timeouts;
  const shortest = Math.min(headersSeconds, requestSeconds);
  return createServer(
    {
      maxHeaderSize,
      headersTimeout: headersSeconds * 1000,
      requestTimeout: Math.max(requestSeconds, headersSeconds) * 1000,
      keepAliveTimeout: keepAliveSeconds * 1000,
      connectionsCheckingInterval: Math.min(shortest * 500, 1000),
      // Node ≥ 24.9: an upgrade to anything else is answered like the request that it is.
      shouldUpgradeCallback: isOurUpgrade,
    },
    handle,
  );
}

/** Resolves when the server listens. @throws Error for an address that is taken or not ours. */
export async function listenOn(server: Server, port: number, host: string): Promise<AddressInfo> {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address() as AddressInfo;
}
