import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Log } from '@thrum/core';
import { redactUrl } from '../node/redact.ts';
import { type Problem, problemBody, problemOf, problemType } from './problem.ts';

/** On everything this server answers: nothing is sniffed, framed, or told where it was linked from. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export function sendProblem(response: ServerResponse, problem: Problem): void {
  send(response, problem.status, problemType, problemBody(problem), problem.headers);
}

/** Ends a request whose handling threw: what it was is for the log alone. */
export function sendFailure(
  { url = '' }: IncomingMessage,
  response: ServerResponse,
  log: Log,
  error: unknown,
): void {
  log.error('a request failed', { url: redactUrl(url) }, error);
  if (response.headersSent) response.destroy();
  else sendProblem(response, problemOf(error));
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', `${JSON.stringify(value)}\n`);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const all = {
    ...safeHeaders,
    'Cache-Control': 'no-store',
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  };
  response.writeHead(status, response.req.httpVersionMajor < 2 ? all : withoutConnection(all));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** HTTP/2 has no headers that are about one connection (RFC 9113 §8.2.2). */
function withoutConnection(headers: Readonly<Record<string, string | number>>): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(connection|upgrade)$/i.test(name)),
  );
}
