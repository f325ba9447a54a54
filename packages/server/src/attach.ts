import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pathOf } from './transports/websocket/handshake.ts';
import type { WebSocketEdge } from './transports/websocket/edge.ts';

/** What {@link attach} needs of a server: `http.Server`, `https.Server` and what frameworks give out fit it. */
export interface UpgradeSource {
  on(event: 'upgrade', listener: UpgradeListener): unknown;
  off(event: 'upgrade', listener: UpgradeListener): unknown;
  listeners(event: 'upgrade'): readonly unknown[];
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
type ShouldUpgrade = (request: IncomingMessage) => boolean;

/** Node ≥ 24.9 asks this before it takes a request for an upgrade. */
interface Decides {
  shouldUpgradeCallback?: ShouldUpgrade;
}

/** Marks a listener as one of Thrum's and says for which path: several may sit on one server. */
const servedPath: unique symbol = Symbol('thrum.path');

type OurListener = UpgradeListener & { [servedPath]: string };

/**
 * Takes the upgrades of one path and leaves all others to whom they belong: other listeners, or, where there are none, to
 * Node's way of doing without, which is to answer them as ordinary requests. Returns what takes it off again.
 */
export function attach(server: UpgradeSource, path: string, edge: WebSocketEdge): () => void {
  const listener = ((request, socket, head) => {
    const wanted = pathOf(request);
    if (wanted === path) edge.upgrade(request, socket, head);
    else if (isFirstOfOnlyOurs(server, listener) && !isServed(server, wanted)) {
      // Before Node 24.9 having a listener means answering every upgrade, or the socket would hang.
      edge.refuse(request, socket, { status: 404, detail: 'No WebSocket is served here.' });
    }
  }) as OurListener;
  listener[servedPath] = path;
  server.on('upgrade', listener);
  const restore = decide(server);
  return () => {
    server.off('upgrade', listener);
    restore();
  };
}

function decide(server: UpgradeSource): () => void {
  const decides = server as Decides;
  const before = decides.shouldUpgradeCallback;
  if (before === undefined) return () => undefined;
  const ours: ShouldUpgrade = (request) => {
    if (isServed(server, pathOf(request))) return true;
    return server.listeners('upgrade').some((other) => !isOurs(other)) && before.call(server, request);
  };
  decides.shouldUpgradeCallback = ours;
  return () => {
    // Somebody may have wrapped ours since; without our listener it does what the one before did.
    if (decides.shouldUpgradeCallback === ours) decides.shouldUpgradeCallback = before;
  };
}

function isOurs(listener: unknown): listener is OurListener {
  return typeof listener === 'function' && servedPath in listener;
}

function isServed(server: UpgradeSource, path: string): boolean {
  return server.listeners('upgrade').some((listener) => isOurs(listener) && listener[servedPath] === path);
}

function isFirstOfOnlyOurs(server: UpgradeSource, listener: OurListener): boolean {
  const listeners = server.listeners('upgrade');
  return listeners[0] === listener && listeners.every(isOurs);
}
