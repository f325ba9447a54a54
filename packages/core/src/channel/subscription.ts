import type { Publication } from '@thrum/protocol';
import type { Connection } from '../connection/connection.ts';
import type { AckWindow } from './ack-window.ts';
import type { LiveChannel } from './live-channel.ts';

/** One connection's part in one channel. */
export class Subscription {
  readonly connection: Connection;
  readonly channel: LiveChannel;
  /** Publications that came while the log is being read; `undefined` once the subscription is live. */
  buffer: Publication[] | undefined;
  /** Wants to be told of members. */
  watches = false;
  /** What was sent and not yet confirmed, for an acknowledged subscription. */
  acks: AckWindow | undefined;

  constructor(connection: Connection, channel: LiveChannel) {
    this.connection = connection;
    this.channel = channel;
  }

  /** Whether this is still what its connection has joined: a hook may have taken long enough for it to leave. */
  get current(): boolean {
    return this.connection.alive && this.connection.subscriptions.get(this.channel.name) === this;
  }
}
