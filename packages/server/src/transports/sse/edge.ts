import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Core, Env, Log } from '@thrum/core';
import type { ErrorFrame } from '@thrum/protocol';
import type { Cors } from '../../http/cors.ts';
import { type Credentials, readCredentials } from '../../http/credentials.ts';
import type { Problem } from '../../http/problem.ts';
import { logRefusal } from '../../http/refusal.ts';
import { safeHeaders, sendProblem } from '../../http/reply.ts';
import { redactUrl } from '../../node/redact.ts';
import { admit, within } from '../authenticate.ts';
import { Heartbeat } from '../heartbeat.ts';
import { EventStream, type Refusal, type StreamSink } from './event-stream.ts';
import { EventOutput, type OutputOwner } from './output.ts';
import { readStreamRequest, type StreamRequest } from './request.ts';
import { eventLines, retryLine } from './writer.ts';

/** How long streams have to end while the whole server does. */
const lastCloseMs = 1000;
/** Seconds after which one who asks in vain may ask again, at the earliest. */
const againSeconds = 2;

/** What the edges that serve HTTP requests have in common. */
export interface HttpEdgeOptions {
  readonly core: Core;
  readonly env: Env;
  readonly log: Log;
  readonly cors: Cors;
  /** Name of the cookie that may carry the token; absent: none does. */
  readonly tokenCookie?: string | undefined;
  /** Resolves when the core has started, `undefined` once it has; a rejection refuses every request. */
  readonly ready: () => Promise<void> | undefined;
}

export interface EventsEdgeOptions extends HttpEdgeOptions {
  /** Channels of a stream that names none. */
  readonly defaultChannels: readonly string[];
}

/** `GET /events`: streams of events for an EventSource or curl (PROTOCOL.md §16). */
export class EventsEdge {
  private readonly options: EventsEdgeOptions;
  private readonly heartbeat: Heartbeat<EventOutput>;
  private closed = false;

  constructor(options: EventsEdgeOptions) {
    this.options = options;
    this.heartbeat = new Heartbeat(options.core.limits);
  }

  /** Answers one request, whatever it is. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.serve(request, response).catch((error: unknown) => {
      this.options.log.error('an event stream failed', { url: redactUrl(request.url ?? '') }, error);
      if (response.headersSent) response.destroy();
      else this.later(request, response, unavailable);
    });
  }

  /** Ends what is left after the core has closed its connections. */
  async close(): Promise<void> {
    this.closed = true;
    await endOutputs(this.options.env, this.heartbeat);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { core, cors, defaultChannels, tokenCookie } = this.options;
    if (request.method === 'OPTIONS') {
      cors.preflight(request, response, 'GET');
      return;
    }
    const credentials = readCredentials(request, tokenCookie);
    const problem = request.method === 'GET' ? cors.check(request, credentials) : notGet;
    const asked =
      problem === undefined ? readStreamRequest(request, defaultChannels, core.limits.channels) : { problem };
    if ('problem' in asked) this.problem(request, response, asked.problem);
    else if (this.closed) this.later(request, response, unavailable);
    else await this.accept(request, response, asked, credentials);
  }

  private async accept(
    request: IncomingMessage,
    response: ServerResponse,
    asked: StreamRequest,
    credentials: Credentials,
  ): Promise<void> {
    const { core, env } = this.options;
    const handshake = await admit(this.options, response, credentials);
    if (handshake === undefined) return;
    const stream = new EventStream(env, (owner) => this.sink(request, response, owner), asked);
    stream.attach(core.accept(stream, handshake));
  }

  private sink(request: IncomingMessage, response: ServerResponse, owner: OutputOwner): StreamSink {
    const { core, cors, env } = this.options;
    const { pingSeconds } = core.limits;
    const output = new EventOutput(request, response, { env, heartbeat: this.heartbeat, pingSeconds }, owner);
    return {
      get address() {
        return output.address;
      },
      get bufferedBytes() {
        return output.bufferedBytes;
      },
      open: () => output.open(cors.headers(request)),
      write: (part) => output.write(part),
      end: () => output.end(),
      refuse: (why, error) => this.refuse(request, response, why, error),
    };
  }

  private refuse(
    request: IncomingMessage,
    response: ServerResponse,
    why: Refusal,
    error: ErrorFrame | undefined,
  ): void {
    if (why === 'later') this.later(request, response, error ?? unavailable);
    else this.problem(request, response, refusals[why]);
  }

  /** What passes by itself. An EventSource stays away for good after anything but 200, so it gets a stream that ends. */
  private later(
    request: IncomingMessage,
    response: ServerResponse,
    error: Pick<ErrorFrame, 'code' | 'message'>,
  ): void {
    const { cors, env } = this.options;
    if (!/\btext\/event-stream\b/i.test(request.headers.accept ?? '')) {
      const headers = { 'Retry-After': String(againSeconds) };
      this.problem(request, response, { status: 503, detail: `${error.message}.`, headers });
      return;
    }
    const { code, message } = error;
    const body =
      retryLine(againSeconds * 1000 * (1 + env.random())) +
      eventLines('thrum:error', JSON.stringify({ code, message, retry: true }));
    response.writeHead(200, {
      ...safeHeaders,
      ...cors.headers(request),
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.end(`${body}\n`);
  }

  private problem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
    const { cors, log } = this.options;
    logRefusal(log, 'event stream refused', request, problem);
    sendProblem(response, { ...problem, headers: { ...cors.headers(request), ...problem.headers } });
  }
}

/** Waits for outputs that are ending, and ends the rest. */
export async function endOutputs(env: Env, heartbeat: Heartbeat<EventOutput>): Promise<void> {
  await within(env, lastCloseMs, heartbeat.empty(), undefined);
  for (const output of heartbeat.connections) output.destroy();
  // Their `close` events come in a later turn, and the core counts them.
  await heartbeat.empty();
  heartbeat.stop();
}

const notGet: Problem = { status: 405, detail: 'Expected GET.', headers: { Allow: 'GET, OPTIONS' } };

const unavailable = { code: 'unavailable', message: 'Temporarily unavailable' } as const;

const refusals: Readonly<Record<Exclude<Refusal, 'later'>, Problem>> = {
  // One answer for unknown and forbidden channels (PROTOCOL.md §9).
  denied: { status: 403, detail: 'Access denied to channel.' },
  unauthenticated: {
    status: 401,
    detail: 'Expected a token that is accepted here.',
    headers: { 'WWW-Authenticate': 'Bearer' },
  },
};
