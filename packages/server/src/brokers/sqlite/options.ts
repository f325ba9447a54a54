import type { Broker, BrokerStats, Env, Log, Recorder } from '@thrum/core';

/** A log begins a new epoch: clients that stood in it are told that something may be missing. */
export type EpochChange =
  | {
      readonly all: true;
      readonly reason: string;
      /** Where the damaged file is now; `sqlite3 <it> .recover` reads what is left. */
      readonly setAside?: string;
    }
  | { readonly all: false; readonly channel: string; readonly reason: string };

export interface SqliteBrokerOptions {
  /** The database file, or a folder, in which it is called `thrum.db`. Made when there is none. */
  readonly file: string;
  /** Default: Node's clocks, timers and randomness. */
  readonly env?: Env;
  /** Default: JSON lines on standard output. */
  readonly log?: Log;
  /**
   * Milliseconds to wait for company before a commit begins. Default 0: what arrives during one commit is the next, so
   * groups form by themselves under load, and without load nothing waits.
   */
  readonly groupMs?: number;
  /** Publications in one transaction at most. Default 1000. */
  readonly maxBatch?: number;
  /** Characters of payload in one transaction at most. Default 4 Mi. */
  readonly maxBatchSize?: number;
  /** Publications that wait for the disk at most; more are refused as `overloaded`. Default 100,000. */
  readonly maxPending?: number;
  /** Characters of payload that wait for the disk at most. Default 64 Mi. */
  readonly maxPendingSize?: number;
  /** Milliseconds to wait for a tool that holds a lock on the database. Default 2000. */
  readonly busyMs?: number;
  /** A database up to this many bytes is checked at opening (`PRAGMA quick_check`). Default 1 Gi. */
  readonly checkBytes?: number;
  /** Milliseconds between two sweeps of what has expired, each followed by a mark of generation. Default 30,000. */
  readonly sweepMs?: number;
  /** Called after the log was told, for metrics and health. */
  readonly onEpochChange?: (change: EpochChange) => void;
}

/** {@link BrokerStats}, all of it. */
export interface SqliteBrokerStats extends Required<BrokerStats> {
  readonly kind: 'sqlite';
}

/** A {@link Broker} on an SQLite file: tier `durable`, for one node. */
export interface SqliteBroker extends Broker {
  readonly durable: true;
  /**
   * Settles with the first opening. Rejects when the file is in use by another process, is not ours, or cannot be opened.
   * Every publish and read waits for it, and tries again after a failure.
   */
  readonly ready: Promise<void>;
  readonly stats: SqliteBrokerStats;
  close(): Promise<void>;
}

export type Settings = Required<Omit<SqliteBrokerOptions, 'onEpochChange' | 'env' | 'log'>> & {
  readonly env: Env;
  readonly log: Log;
  readonly onEpochChange: ((change: EpochChange) => void) | undefined;
};

export type Counters = {
  -readonly [K in Exclude<keyof SqliteBrokerStats, 'commitSeconds' | 'batch'>]: SqliteBrokerStats[K];
} & { readonly commitSeconds: Recorder; readonly batch: Recorder };
