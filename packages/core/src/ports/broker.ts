import type { Position, Publication } from '@thrum/protocol';
import type { Histogram } from '../histogram.ts';
import type { MaybePromise } from '../types.ts';

/** What is to be published; the broker adds offset and epoch. */
export type Draft = Omit<Publication, 'offset' | 'epoch'>;

/** How long a channel's log reaches back. */
export interface Retention {
  /** Publications kept. */
  readonly size: number;
  /** Milliseconds kept. */
  readonly ttl: number;
}

/** What makes a repeat recognisable. */
export interface Idempotency {
  /** Unique within the channel: the publisher and its id. */
  readonly key: string;
  /** Of event and data: the same key with another fingerprint is a conflict. */
  readonly fingerprint: string;
  /** Milliseconds the key is remembered at least. */
  readonly ttl: number;
  /** The key that has to be remembered for the channel already; see law 11. */
  readonly follows?: string;
}

export interface PublishOptions {
  /** Absent: the publication is not kept and gets no offset. */
  readonly retention?: Retention;
  readonly idempotency?: Idempotency;
}

export type PublishOutcome =
  | { readonly kind: 'published'; readonly position?: Position }
  | { readonly kind: 'duplicate'; readonly position?: Position }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'out-of-order' };

export interface ReadOptions {
  /** Forward: after it. Reverse: before it. Absent: from the oldest kept, or with `reverse` from the newest. */
  readonly since?: Position;
  /** At most this many; 0 reads the position alone. */
  readonly limit: number;
  readonly reverse?: boolean;
}

/** One consistent view of a log: everything in it was read in one step. */
export interface LogPage {
  readonly epoch: string;
  /** The top offset; 0 when nothing was ever published in this epoch. */
  readonly offset: number;
  readonly publications: readonly Publication[];
  /** The oldest offset still kept; `offset + 1` when none is. */
  readonly oldest: number;
}

/** Called for each publication of a channel, in log order. */
export type Deliver = (publication: Publication) => void;

/**
 * What a broker counts, in one shape for all of them: plain numbers, live, read at scrape time. Totals only grow. What a
 * broker has no notion of it leaves out.
 */
export interface BrokerStats {
  /** With `state` the only text here, and both fit for a label: they come from a fixed set. */
  readonly kind: 'memory' | 'sqlite' | 'redis' | 'nats' | 'other';
  readonly state: 'opening' | 'ready' | 'down' | 'closed';
  /** Publications and keys written, repeats included. */
  readonly written: number;
  /** Publishes that were rejected. */
  readonly failed: number;
  /** How often all channels, or one, began a new epoch because a log was lost. */
  readonly epochChanges: number;
  /** How often it had to begin anew after a crash, damage or a lost connection. */
  readonly restarts: number;
  /** Publications that wait to be written now. */
  readonly pending: number;
  /** Characters of their data. */
  readonly pendingSize: number;
  /** Transactions that wrote something. */
  readonly commits?: number;
  /** How long committing took, fsync included. */
  readonly commitSeconds?: Histogram;
  /** Publications in one transaction. */
  readonly batch?: Histogram;
  /** What the logs take where they are kept, in bytes. */
  readonly bytes?: number;
  /** Marks of generation on disk, by which an older copy is recognised: grows at each opening and about twice a minute. */
  readonly generation?: number;
  /** 1 while the fence beside the log could not be brought up to `generation`, else 0. */
  readonly fenceBehind?: number;
}

/** What an error of a broker may say besides its message; any other error is one that may pass. */
export interface BrokerFailure {
  /** False: the same publication or reading can never succeed. */
  readonly retryable?: boolean;
  /** Milliseconds after which another try makes sense, as far as the broker can tell. */
  readonly after?: number | undefined;
}

/**
 * Appends and notifies.
 *
 * Laws, per channel:
 * 1. `publish` with retention appends at top + 1 and notifies every subscriber of every node; both or neither.
 * 2. Two calls of `publish` made one after the other are appended in that order, awaited or not.
 * 3. An outcome `published` means that the promise of the tier holds: for a durable broker the publication is on disk.
 * 4. The same idempotency key again gives `duplicate` with the first position and neither appends nor notifies;
 *    with another fingerprint `conflict`. The key lives at least its `ttl`, in the same transaction as the log.
 * 5. Subscribers are notified in offset order; a notification may be lost (a network), never reordered or changed.
 * 6. `read` sees epoch, top and publications in one step. A publication that was notified can be read, within retention.
 * 7. Offsets run +1 within an epoch. When a log is lost or rolled back, the epoch changes.
 * 8. Without retention a publication gets no offset, is notified at most once and cannot be read.
 * 9. After `subscribe` has resolved every publication is notified until the returned function was called.
 * 10. A failure rejects with an error and leaves the log as it was, or with the outcome unknown when it says so.
 * 11. With `follows`, a publication whose own key is new is appended only if that other key is remembered for the channel
 *     by then, looked at in the step of the append. Else the outcome is `out-of-order`, and nothing is appended, notified
 *     or remembered. What stands behind a publication that failed therefore does not take its place.
 * 13. A broker that can lose notifications without noticing which calls `missed` once it notifies again after an
 *     interruption, or when it finds that the log has begun a new epoch. It may call it for nothing, and at any time until
 *     the subscription has ended.
 */
export interface Broker {
  /** Whether `published` means fsynced or committed. A definition with tier `durable` needs one that does. */
  readonly durable: boolean;
  /**
   * Absent until there is something to count, or for good. Law 12: `written` and `failed` have counted a publish once it
   * has settled, repeats in `written`; then it is no longer in `pending`. Totals never go back.
   */
  readonly stats?: BrokerStats | undefined;
  /** Rejects with a {@link BrokerFailure}. */
  publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome>;
  read(channel: string, options: ReadOptions): Promise<LogPage>;
  /** Rejects with a {@link BrokerFailure}; then nothing is delivered. */
  subscribe(channel: string, deliver: Deliver, missed?: () => void): MaybePromise<() => void>;
  close(): MaybePromise<void>;
}
