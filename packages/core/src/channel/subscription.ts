import { type OutgoingFrame, type Position, type Publication, rateOf } from '@thrum/protocol';
import type { SharedFrame } from '../connection/encode.ts';
import type { FrameRun } from '../connection/frame-run.ts';
import type { Lane } from '../connection/lane.ts';
import type { AckWindow } from './ack-window.ts';
import type { Cursor } from './cursors.ts';
import type { Rules } from './definitions.ts';
import type { User } from './definition.ts';

/** A connection, as far as channels know it. */
export interface Subscriber {
  readonly id: string;
  readonly user: User | undefined;
  /** Whether it may still be sent to. */
  readonly alive: boolean;
  send(frame: OutgoingFrame): void;
  sendShared(frame: SharedFrame): void;
  /**
   * Sends live publications, which a slow reader may never get where the channel's rules say so (PROTOCOL.md §15).
   * @param isLast as {@link Transport.send} has it
   */
  publish(run: FrameRun, subscription: Subscription, isLast?: boolean): void;
  /** Sends recovered publications. Where they may be left out and there is no room, only the first so many go. */
  replay(frames: FrameRun, subscription: Subscription): number;
  /** Counts publications that were not sent, to be told with `behind`. */
  miss(subscription: Subscription, count: number): void;
  /** Takes back what still waits of the log: the subscription begins anew. */
  rewind(subscription: Subscription): void;
  /** Tells what was left out before the stream begins anew or ends. */
  settle(subscription: Subscription): void;
}

/** Where publications wait for those that are not sent each at once. */
export interface Waits {
  /** Milliseconds between two batches. */
  readonly every: number;
  /** Sends a subscription what waits for it. */
  settle(subscription: Subscription): void;
}

/** One connection's part in one channel. */
export class Subscription {
  readonly connection: Subscriber;
  readonly channel: string;
  readonly rules: Rules;
  /** Publications that came while the log is being read; `undefined` once the subscription is live. */
  buffer: Publication[] | undefined;
  /** The join that is under way, if there is one. */
  joining: Promise<unknown> | undefined;
  /** The `subscribe` hook has heard of it, so `unsubscribe` is to follow. */
  announced = false;
  /** Wants to be told of members. */
  watches = false;
  /** What of it waits in the outbox and may be left out; made when its connection first reads too slowly. */
  lane: Lane | undefined;
  /** What was sent and not yet confirmed, for an acknowledged subscription. */
  acks: AckWindow | undefined;
  /** The place of a named subscriber, kept in the store. */
  cursor: Cursor | undefined;
  /** Where it stopped because its window was full; it is not sent what is published until it goes on from there. */
  paused: Position | undefined;
  /** Milliseconds between two batches of publications for it; 0: each is sent at once. */
  every = 0;
  /** Where publications wait for it, while it is live. */
  stage: Waits | undefined;
  /** It has left; whoever was waiting for something on its behalf has nothing more to do. */
  ended = false;

  constructor(connection: Subscriber, channel: string, rules: Rules) {
    this.connection = connection;
    this.channel = channel;
    this.rules = rules;
  }

  /** What it was granted, for its `subscribed` (PROTOCOL.md §19). */
  get granted(): { readonly maxRate?: number } {
    return this.every === 0 ? {} : { maxRate: rateOf(this.every) };
  }

  /** Whether it still is in its channel and can be sent to: an await may have taken long enough for both to end. */
  get current(): boolean {
    return !this.ended && this.connection.alive;
  }
}
