import type { Position, Publication } from '@thrum/protocol';
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
 */
export interface Broker {
  /** Whether `published` means fsynced or committed. A definition with tier `durable` needs one that does. */
  readonly durable: boolean;
  publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome>;
  read(channel: string, options: ReadOptions): Promise<LogPage>;
  subscribe(channel: string, deliver: Deliver): MaybePromise<() => void>;
  close(): MaybePromise<void>;
}
