import type { MaybePromise } from '../types.ts';

/** A record as it stands in the store. */
export interface StoreRecord {
  /** Any JSON value, a copy of what was put. */
  readonly value: unknown;
  /** Changes with every put; see law 3. */
  readonly version: number;
}

export interface PutOptions {
  /** Milliseconds the record lives at least, counted from this put. Absent: until it is deleted. */
  readonly ttl?: number;
  /** Puts only if the record has this version now; `absent`: only if there is none. Absent: in any case. */
  readonly expect?: number | 'absent';
}

/**
 * Application records by namespace and key, each with a JSON value: cursors, results of idempotent handlers.
 *
 * Laws:
 * 1. `get` gives what the last `put` put, as JSON writes and reads it; nobody can change it from outside.
 * 2. `put` with `expect` compares and sets in one step, for every node on the same store: of two that expect the same,
 *    one gets a version and the other `undefined`, and then nothing has changed.
 * 3. Versions of one record only grow, also over a delete, an expiry and a restart: none ever stands for two values.
 * 4. A record is gone once its `ttl` is over, not before; a jump of the wall clock while the process runs does not
 *    change that. A later put replaces the ttl, one without `ttl` takes it away.
 * 5. Namespaces and keys are opaque texts, compared exactly; records of two namespaces never meet.
 * 6. A resolved `put` or `delete` is as durable as the store is (`durable`: on disk), and `get` sees it from then on.
 *    Calls of one node to one record take effect in their order, awaited or not.
 * 7. A failure rejects, and has changed nothing, or with the outcome unknown when it says so. After `close` all reject.
 */
export interface Store {
  /** Whether what was put survives the process and the power. */
  readonly durable: boolean;
  get(namespace: string, key: string): Promise<StoreRecord | undefined>;
  /** The record's new version; `undefined` when `expect` does not hold. @throws TypeError for what is no JSON. */
  put(namespace: string, key: string, value: unknown, options?: PutOptions): Promise<number | undefined>;
  /** Whether there was such a record. */
  delete(namespace: string, key: string): Promise<boolean>;
  close(): MaybePromise<void>;
}
