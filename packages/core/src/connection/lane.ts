import type { WireForm } from '../ports/transport.ts';

/** A frame that waits for its connection to read: in the queue of all, and in its lane if it may be left out. */
export interface Waiting {
  readonly message: WireForm;
  /** Absent: it must arrive, or the connection ends. */
  readonly lane: Lane | undefined;
  /** A newer publication of its lane with the same key takes its place. */
  readonly key: string | undefined;
  /** It has an offset, so a subscriber that begins anew gets it from the log. */
  readonly placed: boolean;
  /** Publications that are missing without it. */
  readonly count: number;
  ahead: Waiting | undefined;
  behind: Waiting | undefined;
  older: Waiting | undefined;
  newer: Waiting | undefined;
}

/** What of one subscription waits and may be left out, oldest first, and what was left out and not yet told. */
export class Lane {
  readonly channel: string;
  oldest: Waiting | undefined;
  newest: Waiting | undefined;
  bytes = 0;
  /** Left out since the last `behind`. */
  dropped = 0;
  /** Those of `dropped` whose place a newer one with the same key took. */
  superseded = 0;
  /** The subscription is over: nobody is left to be told. */
  ended = false;
  private keys: Map<string, Waiting> | undefined;

  constructor(channel: string) {
    this.channel = channel;
  }

  withKey(key: string): Waiting | undefined {
    return this.keys?.get(key);
  }

  add(waiting: Waiting): void {
    waiting.older = this.newest;
    if (this.newest === undefined) this.oldest = waiting;
    else this.newest.newer = waiting;
    this.newest = waiting;
    this.bytes += waiting.message.byteLength;
    if (waiting.key !== undefined) (this.keys ??= new Map()).set(waiting.key, waiting);
  }

  remove(waiting: Waiting): void {
    const { key, newer, older } = waiting;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    this.bytes -= waiting.message.byteLength;
    if (key !== undefined) this.keys?.delete(key);
  }

  /** Forgets what waits. */
  clear(): void {
    this.oldest = undefined;
    this.newest = undefined;
    this.keys = undefined;
    this.bytes = 0;
  }
}
