import type { Limits } from '@thrum/protocol';
import type { JWK } from 'jose';
import type { LogLevel } from '../node/log.ts';
import type { WebSocketEngine } from '../transports/websocket/edge.ts';
import type { WebhookOptions } from '../webhooks/options.ts';

export type Mode = 'development' | 'production';

/** Of the streams at `/events`; in a file fields of `events`. */
export interface EventsConfig {
  readonly defaultChannels: readonly string[];
}

/** What a standalone server runs with; every field is an option of options.ts. */
export interface Config {
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  readonly origins: readonly string[] | undefined;
  readonly anonymous: boolean;
  readonly jwtSecret: string | undefined;
  readonly jwtPreviousSecrets: readonly string[];
  /** PEM text or JWKs, read where a path was given. */
  readonly jwtPublicKey: readonly (string | JWK)[];
  readonly jwksUrl: string | undefined;
  readonly jwtIssuer: readonly string[] | undefined;
  readonly jwtAudience: readonly string[] | undefined;
  readonly jwtUserClaim: string | undefined;
  readonly apiKeys: readonly string[];
  readonly apiBatch: number;
  readonly apiBatchBytes: number;
  readonly compression: boolean;
  readonly compressionLevel: number;
  readonly compressionThreshold: number;
  /** Absolute paths, read when the server starts and again every minute. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tokenCookie: string | undefined;
  readonly webSocketEngine: WebSocketEngine;
  readonly node: string | undefined;
  readonly playground: boolean;
  readonly allowRemote: boolean;
  readonly logLevel: LogLevel;
  readonly events: EventsConfig;
  readonly limits: Limits;
  readonly webhooks: WebhookOptions;
}

/** A value that cannot be used: where it was given, what was expected and what came. */
export interface Problem {
  readonly place: string;
  readonly message: string;
}

/** Where a value was given. */
export interface Given {
  readonly kind: 'flag' | 'env' | 'file' | 'default';
  /** `--port`, `THRUM_PORT`, `thrum.config.ts:port` or `default`. */
  readonly place: string;
  /** Folder that relative paths in the value start from. */
  readonly base: string;
  /** As it was given: text from flags and variables, anything from a file. */
  readonly raw: unknown;
}

/** An option's value in use and where it came from. */
export interface Setting {
  readonly value: unknown;
  readonly given: Given;
}
