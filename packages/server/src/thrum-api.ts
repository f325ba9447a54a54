import type { Core, HistoryQuery, PublishRequestOptions, PublishResult } from '@thrum/core';
import type { Contract, EventsFor, InputOf } from '@thrum/protocol';
import type { UpgradeSource } from './attach.ts';
import type { TlsOptions } from './http/certificate.ts';
import type { RequestHandler } from './http/routes.ts';
import type { HttpTimeouts } from './http/server.ts';

export interface ListenOptions extends HttpTimeouts {
  /** Default 3000; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Where WebSockets are taken. Default `/ws`. */
  readonly path?: string;
  /**
   * HTTPS: HTTP/2, and HTTP/1.1 for WebSockets and older clients, on the one port. Files that are named here are read
   * again every minute. Default: none, HTTP/1.1 without TLS.
   */
  readonly tls?: TlsOptions;
}

export interface AttachOptions {
  /** Where WebSockets are taken. Default `/ws`. */
  readonly path?: string;
}

export interface CloseOptions {
  /** Milliseconds for telling clients to come back, each at its own moment. Default `drainSeconds`; 0 closes at once. */
  readonly drainMs?: number;
}

/** A server that listens. */
export interface Listening {
  /** `http://127.0.0.1:3000`, with the port that was taken. */
  readonly url: string;
  readonly port: number;
  /** Reads the files of `tls` again at once: new connections get the certificate found there. */
  reloadCertificate(): Promise<void>;
  /** {@link Thrum.close} */
  close(options?: CloseOptions): Promise<void>;
}

/** The events that a channel of this name may carry. */
export type EventOf<C extends Contract, Name extends string> = keyof EventsFor<C, Name> & string;

/** The data that a publisher hands over for one of them. */
export type DataOf<C extends Contract, Name extends string, Event extends EventOf<C, Name>> = InputOf<
  EventsFor<C, Name>[Event]
>;

/** A real-time server: what the application calls. Channel names, events and data are typed by the definition. */
export interface Thrum<C extends Contract = Contract> extends Pick<
  Core,
  | 'limits'
  | 'metrics'
  | 'stats'
  | 'presence'
  | 'channels'
  | 'connections'
  | 'subscribeUser'
  | 'unsubscribeUser'
  | 'disconnect'
> {
  /** What the server was made of; `createClient<typeof app>` infers from its type. */
  readonly definition: C;
  /**
   * Starts an HTTP server of its own: WebSockets at `path`, the HTTP API, `/healthz`, `/readyz`, and the playground where
   * enabled. @throws Error when the address is taken, the certificate cannot be used, a feature does not start, or the
   * server was closed.
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /**
   * Takes the WebSockets of one path of a server that is the application's. All other requests and upgrades stay its own.
   * Returns what takes it off again; {@link close} does so too. @throws Error when the server was closed.
   */
  attach(server: UpgradeSource, options?: AttachOptions): () => void;
  /**
   * The HTTP API for an application's own server: `(request, response, next?)`, as node:http, Express and Connect have it.
   * What is none of Thrum's goes to `next`; without one it is answered with 404. It has to see a request before anything
   * reads the body. WebSockets come by {@link attach}. @throws Error when the server was closed.
   */
  handler(): RequestHandler;
  /**
   * Publishes as the server: no authorisation, but names, schemas and limits hold. Resolves when the channel's tier says.
   * @throws ThrumError `invalid_channel`, `access_denied` (no definition fits), `invalid_event`, `invalid_data`,
   * `id_conflict`, `unavailable`.
   */
  publish<Name extends string, Event extends EventOf<C, Name>>(
    channel: Name,
    event: Event,
    data: DataOf<C, Name, Event>,
    options?: PublishRequestOptions,
  ): Promise<PublishResult>;
  /** {@link publish} to many channels; one result or error for each, in order. */
  broadcast<Name extends string, Event extends EventOf<C, Name>>(
    channels: readonly Name[],
    event: Event,
    data: DataOf<C, Name, Event>,
    options?: PublishRequestOptions,
  ): Promise<readonly (PublishResult | Error)[]>;
  /** {@link publish} to `user:{id}`, which only this user can read. */
  publishToUser<Event extends EventOf<C, `user:${string}`>>(
    userId: string,
    event: Event,
    data: DataOf<C, `user:${string}`, Event>,
    options?: PublishRequestOptions,
  ): Promise<PublishResult>;
  /** One page of a channel's log. @throws ThrumError `access_denied` when no definition fits, `unavailable`. */
  history(channel: string, query?: HistoryQuery): ReturnType<Core['history']>;
  /**
   * Stops: no new connections, not ready any more, clients told to come back and closed one after the other, then
   * everything ended. The application's own HTTP server and broker stay open. A second call waits for the first.
   */
  close(options?: CloseOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
