import type { Limits } from '@thrum/protocol';
import { WebSocketServer } from 'ws';
import type { Upgrade } from '../agreement.ts';
import { OwnedWebSocket, WsConnection } from './connection.ts';

/** How long a peer may take to answer a close frame before its socket is destroyed. */
const closeTimeoutMs = 3000;

/** Ends handshakes with the library ws. */
export function createWsUpgrade({ messageBytes, fragments }: Limits): Upgrade {
  // @types/ws does not know closeTimeout yet.
  const close = { closeTimeout: closeTimeoutMs };
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // It confirms what is in the request, which is what was agreed on.
    perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    maxPayload: messageBytes,
    maxFragments: fragments,
    // A message sent byte by byte costs a buffer each; no network cuts smaller than this.
    maxBufferedChunks: Math.max(1024, Math.ceil(messageBytes / 64)),
    WebSocket: OwnedWebSocket,
    handleProtocols: (_, { headers }) => headers['sec-websocket-protocol'] ?? false,
    ...close,
  });
  return (request, socket, head, { wire, protocol, extensions }) => {
    let connection: WsConnection | undefined;
    request.headers['sec-websocket-protocol'] = protocol;
    request.headers['sec-websocket-extensions'] = extensions;
    server.handleUpgrade(request, socket, head, (ws) => {
      connection = new WsConnection(ws, socket, wire);
    });
    return connection;
  };
}
