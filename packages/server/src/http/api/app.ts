import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { type Log, ThrumError } from '@thrum/core';
import { isFrameId } from '@thrum/protocol';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { redactUrl } from '../../node/redact.ts';
import { type Problem, problemBody, problemOf, problemType } from '../problem.ts';
import { safeHeaders } from '../reply.ts';
import type { ApiContext, Handler } from './handler.ts';
import { type HandlerId, handlers } from './handlers.ts';
import { openApiDocument } from './openapi.ts';
import { operations } from './operations.ts';

export interface ApiOptions extends ApiContext {
  readonly log: Log;
  /** Most bytes of the body of a batch; all others hold `messageBytes`. */
  readonly batchBytes: number;
  /** Whether a key is needed; said in the document. */
  readonly secured: boolean;
}

/** On every answer; what it says may be another the next moment. */
const always = { ...safeHeaders, 'Cache-Control': 'no-store' } as const;

/** A channel name of 255 bytes, each percent-encoded. */
const maxParamLength = 3 * 255;

/** The operations as a Fastify application that never listens: whoever owns the server hands requests to `routing`. */
export async function createApp(options: ApiOptions): Promise<FastifyInstance> {
  const { log, core, batchBytes, secured } = options;
  const app = fastify({
    logger: false,
    bodyLimit: core.limits.messageBytes,
    routerOptions: { maxParamLength },
    frameworkErrors: (error, _request, reply) => void answer(reply, problemFor(error)),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => parse(request.raw, body),
  );
  app.addHook('onSend', async (request, reply) => {
    // Fastify sets it on errors; HTTP/2 has no such header (RFC 9113 §8.2.2).
    if (request.raw.httpVersionMajor === 2) reply.removeHeader('connection');
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemFor(error, request.routeOptions.bodyLimit);
    if (problem.status >= 500) log.error('a request failed', { url: redactUrl(request.url) }, error);
    return answer(reply, problem);
  });
  app.setNotFoundHandler((_request, reply) =>
    answer(reply, { status: 404, detail: 'Nothing is served here.' }),
  );
  for (const [id, handler] of Object.entries(handlers)) {
    addRoute(app, options, operations[id as HandlerId], handler, id === 'batch' ? batchBytes : undefined);
  }
  let document: string | undefined;
  app.get(operations.openapi.path, (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(secured));
    return reply.headers(always).type('application/json').send(document);
  });
  await app.ready();
  return app;
}

function addRoute(
  app: FastifyInstance,
  context: ApiContext,
  { method, path }: (typeof operations)[HandlerId],
  { run, takesKey }: Handler,
  bodyLimit: number | undefined,
): void {
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    handler: async ({ params, query, body, raw }, reply) => {
      const call = { params: params as Readonly<Record<string, string>>, query, body };
      const result = await run(context, { ...call, id: takesKey ? idempotencyKey(raw) : undefined });
      return reply.headers(always).type('application/json').send(JSON.stringify(result));
    },
  });
}

/** As over WebSocket: `__proto__` is a field like any other, for nothing that comes in is ever merged into anything. */
function parse({ headers }: IncomingMessage, body: Buffer): unknown {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw Object.assign(new Error('encoded'), { statusCode: 415 });
  }
  try {
    if (isUtf8(body)) return JSON.parse(body.toString()) as unknown;
  } catch {
    // Told below: what the parser says of it would repeat what came.
  }
  throw new ThrumError('invalid_message', 'Expected a body in JSON');
}

/** A text of 1 to 128 characters, bare or, as its draft has it, in quotes (RFC 9651 §3.3.3). */
function idempotencyKey({ rawHeaders, headers }: IncomingMessage): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const count = rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'idempotency-key',
  ).length;
  const text = String(header).trim();
  const key = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? text;
  if (count === 1 && isFrameId(key)) return key;
  throw new ThrumError('invalid_frame', 'Invalid Idempotency-Key: expected one text of 1 to 128 characters');
}

/** What Fastify itself refuses, by status; it speaks of itself, these sentences of what was expected. */
const refusals: Readonly<Record<number, (bodyLimit: number | undefined) => Omit<Problem, 'status'>>> = {
  400: () => ({ detail: 'Invalid request.', code: 'invalid_message' }),
  404: () => ({ detail: 'Nothing is served here.' }),
  413: (bodyLimit) => ({ detail: `Expected at most ${bodyLimit} bytes.`, code: 'invalid_message' }),
  414: () => ({ detail: 'Expected a shorter URL.' }),
  415: () => ({ detail: 'Expected Content-Type: application/json, not encoded.', code: 'invalid_message' }),
};

function problemFor(error: unknown, bodyLimit?: number): Problem {
  if (error instanceof ThrumError) return problemOf(error);
  const { statusCode = 500 } = error as { readonly statusCode?: number };
  const refusal = refusals[statusCode]?.(bodyLimit);
  return refusal === undefined ? problemOf(error) : { status: statusCode, ...refusal };
}

function answer(reply: FastifyReply, { headers = {}, ...problem }: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers({ ...always, ...headers })
    .type(problemType)
    .send(problemBody(problem));
}
