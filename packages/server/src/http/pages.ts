import type { Log } from '@thrum/core';
import { pathOf } from '../transports/websocket/handshake.ts';
import type { OriginCheck } from '../transports/websocket/origins.ts';
import { type Signing, servePlaygroundToken } from './playground-token.ts';
import { sendFailure, sendJson, sendProblem } from './reply.ts';
import { type Route, route } from './routes.ts';
import { serveStatic, type StaticFiles } from './static.ts';

const reading: readonly string[] = ['GET', 'HEAD'];

/** Whether the process lives, and whether new clients should be sent here. */
export function healthRoutes(isReady: () => boolean): readonly Route[] {
  return [
    route('/healthz', reading, (_request, response) => sendJson(response, 200, { status: 'ok' })),
    route('/readyz', reading, (_request, response) => {
      const ready = isReady();
      sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'draining' });
    }),
  ];
}

/** What a request gets where WebSockets are taken (PROTOCOL.md §1). */
export function upgradeRoute(path: string): Route {
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' };
  return route(path, reading, (_request, response) =>
    sendProblem(response, { status: 426, detail: 'Expected a WebSocket.', headers }),
  );
}

/** The playground's page. */
export function fileRoute(files: StaticFiles): Route {
  return {
    methods: (path) => (files.has(path) ? reading : []),
    handle: (request, response) => void serveStatic(files, pathOf(request), request, response),
  };
}

/** Tokens for the playground, in development. */
export function tokenRoute(signing: Signing, isAllowedOrigin: OriginCheck, log: Log): Route {
  return route('/playground/token', ['POST'], (request, response) => {
    servePlaygroundToken(request, response, signing, isAllowedOrigin).catch((error: unknown) =>
      sendFailure(request, response, log, error),
    );
  });
}
