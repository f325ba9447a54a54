import type { FrameId, Member, Position, Since } from '@thrum/protocol';
import type { Listeners, ThrumError } from './errors.ts';

/**
 * `subscribing` · `subscribed`: for the first time, or where there is nothing to recover · `recovered`: back, and
 * nothing was missed · `reset`: back, but something may be missing (PROTOCOL.md §6) · `behind`: this connection reads
 * too slowly · `error`: refused · `unsubscribed`: nobody listens, or the server ended it.
 */
export type StatusType =
  | 'subscribing'
  | 'subscribed'
  | 'recovered'
  | 'reset'
  | 'unsubscribed'
  | 'error'
  | 'behind';

export interface Status {
  readonly type: StatusType;
  /** Where the stream goes on; absent for ephemeral channels. */
  readonly position?: Position | undefined;
  readonly error?: ThrumError | undefined;
  /** With `behind`: how many publications the server left out. */
  readonly dropped?: number | undefined;
  /** With `behind`: a newer one with the same key took the place of each, and follows or has come. */
  readonly superseded?: boolean | undefined;
}

export interface ChannelOptions {
  /** Where the first subscription begins: a position, `'latest'` or `{ last: n }`. Default: with what comes next. */
  readonly since?: Since | undefined;
  /** At-least-once delivery: confirmed once every listener's promise is settled (PROTOCOL.md §7). Default false. */
  readonly ack?: boolean | undefined;
  /** With `ack`: the server keeps a cursor under this name, for this user, and goes on after it. 1 to 64 characters. */
  readonly name?: string | undefined;
  /** Ask for the members from the start; `presence.onChange` does so by itself. Default false. */
  readonly presence?: boolean | undefined;
  /**
   * At most so many publications of each event and key a second, the newest first of all and the last in any case; from 0.01.
   * Of no effect with `ack`. Handles of one name share the highest that one of them asked for. Default: what the channel gives
   * (PROTOCOL.md §19).
   */
  readonly maxRate?: number | undefined;
}

/** All that is known of one channel, shared by every handle with its name. */
export interface Subscription {
  readonly name: string;
  /**
   * Called with the event's name and its publication, or with `presence` and the members: that name is reserved
   * (PROTOCOL.md §5), so no publication has it.
   */
  readonly listeners: Listeners<[event: string, value: unknown]>;
  statusListeners: Listeners<[Status]>;
  /**
   * `idle`: nothing is asked of the server, because nobody listens or because it refused · `asking`: a `subscribe` waits
   * for its turn or its answer, here or on the next connection · `live`.
   */
  phase: 'idle' | 'asking' | 'live';
  status: StatusType;
  /** The same array until something changes. */
  members: readonly Member[];
  /** Of the last publication that was delivered, or where the server said that the stream begins. */
  position?: Position | undefined;
  /** What the application gave to begin with; used up by the first answer. */
  since?: Since | undefined;
  ack?: boolean | undefined;
  /** Of the named subscriber. */
  as?: string | undefined;
  presence?: boolean | undefined;
  maxRate?: number | undefined;
  /** In place of `maxRate`, for the time being. */
  slowed?: number | undefined;
  /** The server announced it on this connection: it lives without a listener, and without our asking. */
  byServer?: boolean | undefined;
  /** The id of the `subscribe` whose answer counts. */
  asking?: FrameId | undefined;
  /** Offsets that may be missing: newer publications with the same keys took their places (PROTOCOL.md §15). */
  excused?: number | undefined;
  /** The position at which a hole was last met. */
  holeAt?: Position | undefined;
  /** This connection's own presence state, if it has one. */
  state?: { readonly state: unknown };
  /** Listeners of acknowledged publications, one after the other. */
  processing?: Promise<unknown> | undefined;
  processed?: Position | undefined;
  /** Where it was live for the first time: nothing before it is still being processed. */
  origin?: Position | undefined;
  /** The id of the `ack` that is about to go. */
  acking?: FrameId | undefined;
  stopLinger?: (() => void) | undefined;
}
