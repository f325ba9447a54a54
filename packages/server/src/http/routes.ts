import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http';
import type { Log } from '@thrum/core';
import { checkHeaders, pathOf } from '../transports/websocket/handshake.ts';
import { sendFailure, sendProblem } from './reply.ts';

/** Serves requests of some paths. Never throws, and answers everything that it is given. */
export interface HttpEdge {
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/** Which requests an edge gets. */
export interface Route extends HttpEdge {
  /** The methods that a path has here; none when the path is not of this route. */
  methods(path: string): readonly string[];
}

/** What {@link Thrum.handler} gives: `next` gets what is none of Thrum's. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/** A route of one path. */
export function route(path: string, methods: readonly string[], handle: HttpEdge['handle']): Route {
  return { methods: (wanted) => (wanted === path ? methods : []), handle };
}

/** Routes of edges that answer every method of their paths themselves. */
export function edgeRoutes(edges: ReadonlyMap<string, HttpEdge>): readonly Route[] {
  return [...edges].map(([path, edge]) =>
    route(path, METHODS, (request, response) => edge.handle(request, response)),
  );
}

/**
 * Chooses by path and method, in the order of the table. What fits nothing goes to `next`; without one it is answered,
 * with 405 where the path has other methods.
 */
export function createRouter(table: readonly Route[], log: Log): RequestHandler {
  return (request, response, next) => {
    try {
      const path = pathOf(request);
      const candidates = table.map((entry) => ({ entry, methods: entry.methods(path) }));
      const chosen = candidates.find(({ methods }) => methods.includes(request.method ?? ''));
      if (chosen === undefined && next !== undefined) next();
      else if (!refuseHeaders(request, response)) {
        const allowed = candidates.flatMap(({ methods }) => methods);
        if (chosen === undefined) refuse(response, allowed);
        else chosen.entry.handle(request, response);
      }
    } catch (error) {
      sendFailure(request, response, log, error);
    }
  };
}

function refuseHeaders(request: IncomingMessage, response: ServerResponse): boolean {
  const problem = checkHeaders(request);
  if (problem !== undefined) sendProblem(response, problem);
  return problem !== undefined;
}

function refuse(response: ServerResponse, allowed: readonly string[]): void {
  if (allowed.length === 0) sendProblem(response, { status: 404, detail: 'Nothing is served here.' });
  else {
    const list = [...new Set(allowed)].join(', ');
    sendProblem(response, { status: 405, detail: `Expected ${list}.`, headers: { Allow: list } });
  }
}
