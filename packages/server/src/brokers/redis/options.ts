import type { Broker, BrokerStats, Env, Log, Recorder } from '@thrum/core';

export interface RedisBrokerOptions {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS. Any node of a cluster. */
  readonly url: string;
  /** Before every key. Servers with the same prefix and database are nodes of one system. Default `thrum:`. */
  readonly prefix?: string;
  /** Default: Node's clocks, timers and randomness. */
  readonly env?: Env;
  /** Default: JSON lines on standard output. */
  readonly log?: Log;
  /**
   * Whether an outcome `published` has to mean that it is on Redis' disk, as tier `durable` asks. Publications are refused
   * unless Redis confirms `appendonly yes` and `appendfsync always`. Default false.
   */
  readonly durable?: boolean;
  /**
   * What a restart or failover of Redis does to epochs. `auto` keeps them only where nothing can have been lost: with
   * `appendonly yes` and `appendfsync always`, and no replica that was promoted. `keep` always does: then what was lost shows
   * only to nodes that remember it (docs/redis.md). Default `auto`.
   */
  readonly restarts?: 'auto' | 'keep';
  /** Milliseconds until a publish, read or subscribe that gets no answer is given up. Default 5000. */
  readonly timeoutMs?: number;
  /** Publications of a channel in one script at most. Default 100. */
  readonly maxBatch?: number;
  /** Characters in one script at most, unless one publication alone has more. Default 1 Mi. */
  readonly maxBatchSize?: number;
  /** Publications that wait for Redis at most; more are refused as `overloaded`. Default 100,000. */
  readonly maxPending?: number;
  /** Characters that wait for Redis at most. Default 64 Mi. */
  readonly maxPendingSize?: number;
  /** Milliseconds after which a channel that nobody uses is forgotten; its next life has a new epoch. Default 30 days. */
  readonly forgetMs?: number;
}

/** {@link BrokerStats}, those that there are. */
export interface RedisBrokerStats extends Required<
  Omit<BrokerStats, 'bytes' | 'generation' | 'fenceBehind'>
> {
  readonly kind: 'redis';
}

/** A {@link Broker} on Redis, for any number of nodes. */
export interface RedisBroker extends Broker {
  /**
   * Settles with the first connection. Rejects when `@redis/client` is not installed, Redis cannot be reached in time or is
   * older than 7.0, or when `durable` is asked for and not confirmed. What may pass is tried again.
   */
  readonly ready: Promise<void>;
  readonly stats: RedisBrokerStats;
  close(): Promise<void>;
}

export type Settings = Required<Omit<RedisBrokerOptions, 'url'>> & {
  readonly url: URL;
  readonly database: number;
};

export type Counters = {
  -readonly [K in Exclude<keyof RedisBrokerStats, 'commitSeconds' | 'batch'>]: RedisBrokerStats[K];
} & { readonly commitSeconds: Recorder; readonly batch: Recorder };
