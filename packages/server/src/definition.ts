import type {
  Auth,
  Broker,
  ChannelDefinition,
  Events,
  Feature,
  Hooks,
  Identity,
  Log,
  MaybePromise,
  MethodDefinition,
  Store,
} from '@thrum/core';
import type { Limits, MethodContract, Schema } from '@thrum/protocol';
import type { TokenAuthOptions } from './auth/token-auth.ts';
import type { CompressionOptions } from './transports/websocket/deflater.ts';
import type { WebSocketEngine } from './transports/websocket/edge.ts';
import type { WebhookOptions } from './webhooks/options.ts';

/** The event schemas of each channel pattern: what {@link ThrumDefinition} infers. */
export type ChannelEvents = Readonly<Record<string, unknown>>;

/** A core definition whose events TypeScript can infer one pattern at a time. */
export interface Channel<Pattern extends string, E> extends Omit<ChannelDefinition<Pattern>, 'events'> {
  /** The events that may be published and their data. Default: any event, any JSON. */
  readonly events?: (E & Events) | undefined;
}

/** Methods by name. */
export type Methods = Readonly<Record<string, MethodContract>>;

/** Throws or rejects for every token it does not accept. */
export type Authenticate = (token: string) => MaybePromise<Identity>;

/** Of the streams at `/events`. */
export interface EventsOptions {
  /** The channels of a stream that names none. Default `["notifications"]`. */
  readonly defaultChannels?: readonly string[];
}

/** What a server is: its channels, methods, rules and ports. */
export interface ThrumDefinition<C extends ChannelEvents = ChannelEvents, M extends Methods = Methods> {
  /**
   * Channels by pattern: `chat:{room}`. `user:{id}`, which only that user may read, is there by itself. Default: none, and
   * then nobody can subscribe to anything else.
   */
  readonly channels?: { readonly [Pattern in keyof C]: Channel<Pattern & string, C[Pattern]> };
  /** What clients can `call`; see {@link method}. */
  readonly methods?: M;
  readonly features?: readonly Feature[];
  readonly hooks?: Hooks;
  /**
   * Who somebody is: an Auth, the options of JWT verification, or a function from token to identity. Default: everyone
   * is anonymous in development; production refuses to start without it.
   */
  readonly auth?: Auth | TokenAuthOptions | Authenticate;
  /**
   * A backend in any language that is asked who may do what and told what happens, by HTTP (docs/webhooks.md). Where it is
   * asked who connects, `auth` may say `{ anonymous }` and nothing else. Default: none.
   */
  readonly webhooks?: WebhookOptions;
  /**
   * Web pages that may connect, each as scheme, host and port, matched exactly; `*` allows all. Default: pages of the host
   * they connect to, and in development those of this machine.
   */
  readonly origins?: readonly string[] | '*';
  /**
   * Name of a cookie that may carry the token, for pages whose login sets one: `__Host-session`. It counts only for origins
   * that are allowed, which `*` is not enough for. Default: none.
   */
  readonly tokenCookie?: string;
  /**
   * Who reads the frames of WebSockets: Thrum itself, or the library ws, which does the same at a higher cost for each
   * connection. Default `thrum`.
   */
  readonly webSocketEngine?: WebSocketEngine;
  /** `GET /events`, the streams for an EventSource (PROTOCOL.md §16). */
  readonly events?: EventsOptions;
  /**
   * Whether WebSocket messages are compressed where the client can (permessage-deflate, RFC 7692): less to send, more to
   * compute. A publication is compressed once for all its subscribers. Default false; `true` is level 6 from 1,024 bytes.
   */
  readonly compression?: boolean | CompressionOptions;
  /** Differences from the defaults of PROTOCOL.md §13. */
  readonly limits?: Partial<Limits>;
  /** Default: see `dataDir`. A broker given here is closed by whoever made it. */
  readonly broker?: Broker;
  /**
   * A folder for the logs of all channels, in an SQLite database: they survive a crash and a loss of power, and an ack
   * means that the publication is on disk. One process at a time can use it. Default: logs are in memory and end with the
   * process, unless a channel's tier is `durable`; then `./data`.
   */
  readonly dataDir?: string;
  /**
   * `redis://…` or `rediss://…`, a secret if it holds a password: logs are kept there, and every server with this URL serves
   * the same channels (docs/redis.md). Needs the package `@redis/client`. Default: none, and this server is alone.
   */
  readonly redisUrl?: string;
  /**
   * Where cursors of named subscribers and results of `idempotent` handlers are kept. Default: in `dataDir`, or in memory
   * where none is named. A store given here, such as `createSqliteStore` makes, is closed by whoever made it.
   */
  readonly store?: Store;
  /** Default: JSON lines on standard output, readable ones in development. */
  readonly log?: Log;
  /** Names this process in `welcome`. */
  readonly node?: string;
  /**
   * Keys for the HTTP API, each 32 characters or more in production; several while a new one is introduced. Default: none.
   * Without a key the API is off in production, and in development open to programs of this machine.
   */
  readonly apiKeys?: string | readonly string[];
  /** Most publications of one batch of the HTTP API. Default 1,000. */
  readonly apiBatch?: number;
  /** Most bytes of one batch of the HTTP API. Default 1,048,576; everything else may have `limits.messageBytes`. */
  readonly apiBatchBytes?: number;
  /**
   * Whether {@link Thrum.listen} serves the playground at `/`; a text is the folder to serve instead. In development it
   * also gives tokens to anybody who asks. Default false.
   */
  readonly playground?: boolean | string;
  /** Default: `production` when NODE_ENV is, else `development`. */
  readonly mode?: 'development' | 'production';
}

export const definitionNames: readonly string[] = Object.keys({
  channels: true,
  methods: true,
  features: true,
  hooks: true,
  events: true,
  compression: true,
  tokenCookie: true,
  webSocketEngine: true,
  webhooks: true,
  apiKeys: true,
  apiBatch: true,
  apiBatchBytes: true,
  auth: true,
  origins: true,
  limits: true,
  broker: true,
  dataDir: true,
  redisUrl: true,
  store: true,
  log: true,
  node: true,
  playground: true,
  mode: true,
} satisfies Record<keyof ThrumDefinition, true>);

/** The part of a definition that a client infers from: see `ContractOf` in `@thrum/protocol`. */
export interface DefinitionContract<C extends ChannelEvents, M extends Methods> {
  readonly channels: { readonly [Pattern in keyof C]: EventsContract<C[Pattern]> };
  readonly methods: M;
}

type EventsContract<E> = [E] extends [Events] ? { readonly events: E } : { readonly events?: undefined };

/**
 * One channel's rules, for use in `channels`. It returns what it is given and is there so that events are inferred where a
 * definition stands alone, in a file of its own.
 */
export function channel<Pattern extends string = string, E = unknown>(
  definition: Channel<Pattern, E>,
): Channel<Pattern, E> {
  return definition;
}

/** A method that clients can `call`: the handler's `params` have the type of the schema. */
export function method<S extends Schema | undefined = undefined, Result = unknown>(
  definition: MethodDefinition<S, Result>,
): MethodDefinition<S, Result> {
  return definition;
}
