import type { OutgoingFrame, Position, Publication } from '@thrum/protocol';
import type { SharedFrame } from '../connection/encode.ts';
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
  /** What was sent and not yet confirmed, for an acknowledged subscription. */
  acks: AckWindow | undefined;
  /** The place of a named subscriber, kept in the store. */
  cursor: Cursor | undefined;
  /** Where it stopped because its window was full; it is not sent what is published until it goes on from there. */
  paused: Position | undefined;
  /** It has left; whoever was waiting for something on its behalf has nothing more to do. */
  ended = false;

  constructor(connection: Subscriber, channel: string, rules: Rules) {
    this.connection = connection;
    this.channel = channel;
    this.rules = rules;
  }

  /** Whether it still is in its channel and can be sent to: an await may have taken long enough for both to end. */
  get current(): boolean {
    return !this.ended && this.connection.alive;
  }
}
