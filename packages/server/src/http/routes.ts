import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@thrum/core';
import { redactUrl } from '../node/redact.ts';
import { checkHeaders, pathOf } from '../transports/websocket/handshake.ts';
import type { OriginCheck } from '../transports/websocket/origins.ts';
import { type Signing, servePlaygroundToken } from './playground-token.ts';
import { sendJson, sendProblem } from './reply.ts';
import { serveStatic, type StaticFiles } from './static.ts';

/** What serves the requests of one path. */
export interface HttpEdge {
  /** Answers a request, whatever it is. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

export interface RoutesOptions {
  /** Where WebSockets are taken. */
  readonly path: string;
  readonly log: Log;
  /** Whether new clients should be sent here. */
  readonly isReady: () => boolean;
  readonly isAllowedOrigin: OriginCheck;
  /** Transports over HTTP, by path; each answers every method itself. */
  readonly edges: ReadonlyMap<string, HttpEdge>;
  /** The playground's files; absent: it is off. */
  readonly files?: StaticFiles | undefined;
  /** What the playground's tokens are signed with; absent: it gives none. */
  readonly signing?: Signing | undefined;
}

/** The HTTP side of a server that Thrum owns: health, the playground, and a clear answer to everything else. */
export function createRoutes(
  options: RoutesOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    route(options, request, response).catch((error: unknown) => {
      options.log.error('a request failed', { url: redactUrl(request.url ?? '') }, error);
      if (response.headersSent) response.destroy();
      else sendProblem(response, { status: 500, detail: 'Internal error.' });
    });
  };
}

async function route(
  options: RoutesOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path, files, signing, isAllowedOrigin } = options;
  const wanted = pathOf(request);
  const problem = checkHeaders(request);
  const edge = options.edges.get(wanted);
  if (problem !== undefined) sendProblem(response, problem);
  else if (edge !== undefined) edge.handle(request, response);
  else if (signing !== undefined && wanted === '/playground/token') {
    await servePlaygroundToken(request, response, signing, isAllowedOrigin);
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendProblem(response, { status: 405, detail: 'Expected GET.', headers: { Allow: 'GET, HEAD' } });
  } else if (wanted === path) {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' };
    sendProblem(response, { status: 426, detail: 'Expected a WebSocket.', headers });
  } else if (wanted === '/healthz') {
    sendJson(response, 200, { status: 'ok' });
  } else if (wanted === '/readyz') {
    const ready = options.isReady();
    sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'draining' });
  } else if (files === undefined || !serveStatic(files, wanted, request, response)) {
    sendProblem(response, { status: 404, detail: 'Nothing is served here.' });
  }
}
