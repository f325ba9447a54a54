import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake } from '@thrum/core';
import { closeCodes } from '@thrum/protocol';
import { readJson } from '../../http/body.ts';
import { type Credentials, readCredentials } from '../../http/credentials.ts';
import type { Problem } from '../../http/problem.ts';
import { logRefusal } from '../../http/refusal.ts';
import { safeHeaders, sendProblem } from '../../http/reply.ts';
import { redactUrl } from '../../node/redact.ts';
import { admit, within } from '../authenticate.ts';
import { endOutputs, type HttpEdgeOptions } from '../sse/edge.ts';
import { FrameStream } from '../sse/frame-stream.ts';
import { EventOutput } from '../sse/output.ts';
import { Heartbeat } from '../heartbeat.ts';
import { pathOf } from '../websocket/handshake.ts';
import { readPoll, readSend } from './body.ts';
import { longestHoldSeconds, PollSession } from './poll-session.ts';
import { Sessions } from './sessions.ts';

/** How long answers have to go out while the whole server ends. */
const lastAnswerMs = 1000;
/** Sessions that the core has closed and whose clients have not asked yet; more than that are not kept. */
const maxEnded = 1000;

export interface ConnectEdgeOptions extends HttpEdgeOptions {
  /** Names this process. Default: made up. */
  readonly node?: string | undefined;
}

type Serve = (request: IncomingMessage, response: ServerResponse, credentials: Credentials) => Promise<void>;

/** `/connect/…`: the SDK's frames over plain HTTP (PROTOCOL.md §17). */
export class ConnectEdge {
  /** The paths it serves. */
  static readonly paths: readonly string[] = ['/connect/sse', '/connect/send', '/connect/poll'];
  private readonly options: ConnectEdgeOptions;
  private readonly sessions: Sessions;
  private readonly outputs: Heartbeat<EventOutput>;
  private readonly polls: Heartbeat<PollSession>;
  /** In the order in which they ended. */
  private readonly ended = new Set<PollSession>();
  private readonly answering = new Set<ServerResponse>();
  private readonly serves: Readonly<Record<string, readonly [method: string, serve: Serve]>>;
  private onAnswered: (() => void) | undefined;
  private closed = false;

  constructor(options: ConnectEdgeOptions) {
    this.options = options;
    this.sessions = new Sessions(options.node ?? options.env.id());
    this.outputs = new Heartbeat(options.core.limits);
    this.polls = new Heartbeat(options.core.limits);
    this.serves = {
      '/connect/sse': [
        'GET',
        (request, response, credentials) => this.stream(request, response, credentials),
      ],
      '/connect/send': ['POST', (request, response) => this.send(request, response)],
      '/connect/poll': [
        'POST',
        (request, response, credentials) => this.poll(request, response, credentials),
      ],
    };
  }

  /** Answers one request, whatever it is. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.serve(request, response).catch((error: unknown) => {
      // A body that ends in the middle has nobody left to answer to.
      if (request.destroyed && !request.complete) return;
      this.options.log.error('a request failed', { url: redactUrl(request.url ?? '') }, error);
      if (response.headersSent) response.destroy();
      else this.problem(request, response, { status: 503, detail: 'Temporarily unavailable.' });
    });
  }

  /** Ends what is left after the core has closed its connections. */
  async close(): Promise<void> {
    this.closed = true;
    // The last answers are written in the turn after the close.
    await new Promise((resolve) => setImmediate(resolve));
    for (const session of this.polls.connections) session.forget();
    this.polls.stop();
    await endOutputs(this.options.env, this.outputs);
    const answered = new Promise<void>((resolve) => {
      if (this.answering.size === 0) resolve();
      else this.onAnswered = resolve;
    });
    await within(this.options.env, lastAnswerMs, answered, undefined);
    this.sessions.clear();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { cors, tokenCookie } = this.options;
    this.track(response);
    if (request.method === 'OPTIONS') {
      cors.preflight(request, response, 'GET, POST');
      return;
    }
    const [method, serve] = this.serves[pathOf(request)] ?? [];
    const credentials = readCredentials(request, tokenCookie);
    if (serve === undefined)
      this.problem(request, response, { status: 404, detail: 'Nothing is served here.' });
    else if (request.method !== method) {
      const headers = { Allow: `${method}, OPTIONS` };
      this.problem(request, response, { status: 405, detail: `Expected ${method}.`, headers });
    } else {
      const problem = this.closed ? stopping : cors.check(request, credentials);
      if (problem === undefined) await serve(request, response, credentials);
      else this.problem(request, response, problem);
    }
  }

  private async stream(
    request: IncomingMessage,
    response: ServerResponse,
    credentials: Credentials,
  ): Promise<void> {
    const { core, cors, env } = this.options;
    const handshake = await admit(this.options, response, credentials);
    if (handshake === undefined) return;
    const secret = Sessions.secret();
    const { pingSeconds } = core.limits;
    const stream = new FrameStream(
      (owner) => new EventOutput(request, response, { env, heartbeat: this.outputs, pingSeconds }, owner),
      () => this.sessions.delete(secret),
    );
    this.sessions.add(secret, stream);
    stream.open(cors.headers(request), { session: secret, node: this.sessions.node });
    this.accept(stream, handshake);
  }

  private async send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { core, cors } = this.options;
    const body = await readJson(request, bodyBytes(core.limits.messageBytes));
    const sent = 'problem' in body ? body : readSend(body.value, core.limits);
    if ('problem' in sent) {
      this.problem(request, response, sent.problem);
      return;
    }
    const found = this.sessions.find(sent.session, sent.node);
    if (found === undefined) this.problem(request, response, unknownSession);
    else if (sent.isTooBig) {
      found.end(closeCodes.tooBig);
      const detail = `frames: expected at most ${core.limits.messageBytes} bytes in one frame.`;
      this.problem(request, response, { status: 413, detail });
    } else if (!found.upstream.receive(sent.seq, sent.frames)) {
      const { expected } = found.upstream;
      const members = { expected };
      this.problem(request, response, { status: 409, detail: `seq: expected ${expected}.`, members });
    } else {
      if (sent.close) found.end(closeCodes.normal);
      response
        .writeHead(204, { ...safeHeaders, ...cors.headers(request), 'Cache-Control': 'no-store' })
        .end();
    }
  }

  private async poll(
    request: IncomingMessage,
    response: ServerResponse,
    credentials: Credentials,
  ): Promise<void> {
    const body = await readJson(request, bodyBytes(0));
    const asked = 'problem' in body ? body : readPoll(body.value);
    if ('problem' in asked) {
      this.problem(request, response, asked.problem);
      return;
    }
    const { session: secret, node, ack, timeout } = asked;
    const session =
      secret === undefined
        ? await this.open(request, response, credentials)
        : this.sessions.findPolled(secret, node);
    if (session === undefined) {
      if (secret !== undefined) this.problem(request, response, unknownSession);
      return;
    }
    const answer = this.answer(request, response);
    response.once('close', () => session.abandon(answer));
    const holdSeconds = timeout === undefined ? longestHoldSeconds : timeout / 1000;
    if (session.poll(ack, holdSeconds, answer)) return;
    this.problem(request, response, { status: 400, detail: 'ack: expected the seq of an answer.' });
  }

  /** A new session; `undefined` when its client has gone meanwhile. */
  private async open(
    request: IncomingMessage,
    response: ServerResponse,
    credentials: Credentials,
  ): Promise<PollSession | undefined> {
    const handshake = await admit(this.options, response, credentials);
    if (handshake === undefined) return undefined;
    const secret = Sessions.secret();
    const { pingSeconds } = this.options.core.limits;
    const session = new PollSession({
      address: request.socket.remoteAddress,
      heartbeat: this.polls,
      names: { session: secret, node: this.sessions.node },
      holdSeconds: Math.min(longestHoldSeconds, pingSeconds),
      ended: (over) => this.keep(over),
      forget: () => {
        this.sessions.delete(secret);
        this.ended.delete(session);
      },
    });
    this.sessions.add(secret, session);
    this.accept(session, handshake);
    return session;
  }

  private answer(request: IncomingMessage, response: ServerResponse): (body: Buffer) => void {
    return (body) => {
      response.writeHead(200, {
        ...safeHeaders,
        ...this.options.cors.headers(request),
        'Cache-Control': 'no-store',
        'Content-Type': 'application/json',
        'Content-Length': body.length,
      });
      response.end(body);
    };
  }

  private accept(transport: FrameStream | PollSession, handshake: Handshake): void {
    transport.attach(this.options.core.accept(transport, handshake));
  }

  /** Keeps a session that is over for its client to ask, but not too many. */
  private keep(session: PollSession): void {
    if (!this.polls.connections.has(session)) return;
    this.ended.add(session);
    const [oldest] = this.ended;
    if (this.ended.size > maxEnded) oldest?.forget();
  }

  private track(response: ServerResponse): void {
    this.answering.add(response);
    response.once('close', () => {
      this.answering.delete(response);
      if (this.answering.size === 0) this.onAnswered?.();
    });
  }

  private problem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
    const { status, members, headers } = problem;
    const code = codes[status];
    if (status === 403) logRefusal(this.options.log, 'request refused', request, problem);
    sendProblem(response, {
      ...problem,
      members: { ...(code === undefined ? {} : { code }), ...members },
      headers: { ...this.options.cors.headers(request), ...headers },
    });
  }
}

/** What a program is told besides the status (PROTOCOL.md §17). */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  403: 'forbidden',
  404: 'unknown_session',
  409: 'sequence_gap',
  413: 'too_large',
  415: 'invalid_request',
  503: 'unavailable',
};

const unknownSession: Problem = { status: 404, detail: 'session: expected one that is open on this node.' };

const stopping: Problem = { status: 503, detail: 'The server is stopping.', headers: { 'Retry-After': '2' } };

/** Room for one frame of the largest size, however it is escaped in JSON, or many small ones. */
function bodyBytes(messageBytes: number): number {
  return 4 * messageBytes + 4096;
}
