import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ThrumError } from '@thrum/core';
import { pathOf } from '../../transports/websocket/handshake.ts';
import { sendFailure, sendProblem } from '../reply.ts';
import type { Route } from '../routes.ts';
import type { ApiAccess } from './access.ts';
import type { ApiOptions } from './app.ts';
import { apiMethods, operations } from './operations.ts';

export interface ApiEdgeOptions extends Omit<ApiOptions, 'secured'> {
  readonly access: ApiAccess;
  /** Resolves when the core has started, `undefined` once it has; a rejection refuses every request. */
  readonly ready: () => Promise<void> | undefined;
}

/** The HTTP API. What it is made of is loaded with the first request that may use it. */
export class ApiEdge implements Route {
  private readonly options: ApiEdgeOptions;
  private loading: Promise<FastifyInstance> | undefined;
  private app: FastifyInstance | undefined;
  private closed = false;

  constructor(options: ApiEdgeOptions) {
    this.options = options;
  }

  methods(path: string): readonly string[] {
    return this.options.access.kind === 'off' ? [] : apiMethods(path);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const isOpen = pathOf(request) === operations.openapi.path;
    const problem = isOpen ? undefined : this.options.access.check(request);
    if (problem !== undefined) sendProblem(response, problem);
    else if (this.closed) sendProblem(response, stopping);
    else if (isRead(request)) sendFailure(request, response, this.options.log, new Error(readAlready));
    else if (this.app !== undefined) this.app.routing(request, response);
    else void this.serveFirst(request, response);
  }

  async close(): Promise<void> {
    this.closed = true;
    const app = await this.loading?.catch(() => undefined);
    await app?.close();
  }

  private async serveFirst(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.options.ready();
      this.loading ??= this.load();
      this.app = await this.loading;
    } catch (error) {
      sendFailure(
        request,
        response,
        this.options.log,
        new ThrumError('unavailable', undefined, { cause: error }),
      );
      return;
    }
    this.handle(request, response);
  }

  private async load(): Promise<FastifyInstance> {
    const { createApp } = await import('./app.ts');
    const { access, ...options } = this.options;
    return createApp({ ...options, secured: access.kind === 'keys' });
  }
}

const readAlready = 'something has read the body of this request: mount thrum.handler() before body parsers';

/** A body that somebody else has read would be waited for without end. */
function isRead({ method, readableEnded }: IncomingMessage): boolean {
  return method === 'POST' && readableEnded;
}

const stopping = {
  status: 503,
  detail: 'The server is stopping.',
  code: 'unavailable',
  headers: { 'Retry-After': '1' },
} as const;
