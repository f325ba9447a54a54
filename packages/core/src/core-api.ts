import type { ErrorCode, HistoryResult, Limits, Member, Position } from '@thrum/protocol';
import type { ChannelDefinition } from './channel/definition.ts';
import type { Feature } from './feature.ts';
import type { Hooks } from './hooks.ts';
import type { MethodDefinition } from './methods.ts';
import type { Auth, Identity } from './ports/auth.ts';
import type { Broker, BrokerStats } from './ports/broker.ts';
import type { Env } from './ports/env.ts';
import type { Log } from './ports/log.ts';
import type { Metrics } from './ports/metrics.ts';
import type { Store } from './ports/store.ts';
import type { Session, Transport } from './ports/transport.ts';

export interface CoreOptions {
  readonly env: Env;
  readonly log: Log;
  readonly broker: Broker;
  /** Cursors and results of idempotent handlers. Default: in memory. Closed by whoever made it. */
  readonly store?: Store;
  /** Absent: everyone is anonymous. */
  readonly auth?: Auth;
  readonly channels?: Readonly<Record<string, ChannelDefinition>>;
  readonly methods?: Readonly<Record<string, MethodDefinition>>;
  readonly features?: readonly Feature[];
  readonly hooks?: Hooks;
  readonly limits?: Partial<Limits>;
  /** Names this process in `welcome`. */
  readonly node?: string;
}

/** What the handshake brought along. */
export interface Handshake {
  /** The result of {@link Core.authenticate} on the handshake's token; absent when there was none. */
  readonly authentication?: Authentication;
}

/** A verified identity, or the refusal to close with. */
export type Authentication =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly code: ErrorCode };

export interface PublishRequestOptions {
  /** The idempotency key: a repeat with the same event and data is answered with the first position. */
  readonly id?: string;
  /** The user shown as sender. Default: none, the server itself. */
  readonly from?: string;
}

export interface PublishResult {
  /** Absent in an ephemeral channel. */
  readonly position?: Position;
  /** True when the id was known: nothing new was published. */
  readonly duplicate: boolean;
}

export interface HistoryQuery {
  readonly since?: Position;
  /** 1 to `historyPage`; anything else counts as `historyPage`. */
  readonly limit?: number;
  readonly reverse?: boolean;
}

export interface ChannelInfo {
  readonly channel: string;
  readonly subscribers: number;
  readonly position?: Position;
}

export interface ConnectionInfo {
  readonly connectionId: string;
  readonly userId?: string;
  readonly transport: string;
  readonly address?: string;
  readonly connectedAt: number;
  readonly channels: readonly string[];
  readonly bufferedBytes: number;
}

/** What one node counts. Live: the numbers go on; copy those that are to be compared. */
export interface CoreStats {
  readonly node: Readonly<Metrics>;
  /** Absent for a broker that counts nothing, or was not opened yet. */
  readonly broker?: BrokerStats;
}

/** One node's hub. Everything a server offers, in process or over a wire, comes down to these calls. */
export interface Core {
  readonly limits: Limits;
  readonly metrics: Readonly<Metrics>;
  /** {@link metrics} and what the broker counts, for an exporter: cheap, nothing is worked out. */
  stats(): CoreStats;
  /** Verifies a handshake's token before the connection is accepted. Never rejects. */
  authenticate(token: string): Promise<Authentication>;
  /** Takes a connection over: sends `welcome`, or the refusal and its close. */
  accept(transport: Transport, handshake: Handshake): Session;
  /** Starts the features. Call once, before the first `accept`. */
  start(): Promise<void>;
  /**
   * Publishes as the server: no authorisation, but names, schemas and limits hold.
   * @throws ThrumError `invalid_channel`, `access_denied` (no definition fits), `invalid_event`, `invalid_data`,
   * `id_conflict`, `unavailable`.
   */
  publish(
    channel: string,
    event: string,
    data: unknown,
    options?: PublishRequestOptions,
  ): Promise<PublishResult>;
  /** {@link publish} to many channels; one result or error for each, in order. */
  broadcast(
    channels: readonly string[],
    event: string,
    data: unknown,
    options?: PublishRequestOptions,
  ): Promise<readonly (PublishResult | Error)[]>;
  history(channel: string, query?: HistoryQuery): Promise<HistoryResult>;
  presence(channel: string): readonly Member[];
  /** Channels with subscribers on this node. */
  channels(): readonly ChannelInfo[];
  connections(): readonly ConnectionInfo[];
  /** Subscribes all of a user's connections; authorisation is the caller's. Resolves with how many there were. */
  subscribeUser(userId: string, channel: string): Promise<number>;
  unsubscribeUser(userId: string, channel: string): number;
  /** Closes all of a user's connections with 4500 `Disconnected`, for good. Returns how many. */
  disconnect(userId: string): number;
  /**
   * Tells every connection to come back, each at its own moment of the next `ms` milliseconds, and closes it then with
   * 1012. New connections are closed with 1012 at once. Resolves when all are gone or the time is over.
   */
  drain(ms: number): Promise<void>;
  /** Ends features, timers and connections (1001). */
  close(): Promise<void>;
}
