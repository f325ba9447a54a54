import type { Position, Publication, Since } from '@thrum/protocol';
import { notify } from './errors.ts';
import type { ThrumError } from './errors.ts';
import type { Encoded } from './link.ts';
import { createRoster } from './presence.ts';
import type { Roster } from './presence.ts';

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
  readonly position?: Position;
  readonly error?: ThrumError;
  /** With `behind`: how many publications the server left out. */
  readonly dropped?: number;
  /** With `behind`: a newer one with the same key took the place of each, and follows or has come. */
  readonly superseded?: true;
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
}

/** One listener of one handle. `event` undefined: every event. */
export interface Listener {
  readonly event: string | undefined;
  readonly run: (publication: Publication) => unknown;
}

/**
 * `idle`: the server knows nothing of it · `due`: a `subscribe` has to go · `asked`: it went · `live` · `stopped`: the
 * server refused or ended it, and only a new connection or a new listener asks again.
 */
type SubscriptionPhase = 'idle' | 'due' | 'asked' | 'live' | 'stopped';

/** All that is known of one channel, shared by every handle with its name. */
export interface Subscription {
  readonly name: string;
  readonly listeners: Set<Listener>;
  readonly statusListeners: Set<(status: Status) => void>;
  readonly presenceListeners: Set<() => void>;
  readonly roster: Roster;
  phase: SubscriptionPhase;
  status: StatusType;
  position?: Position | undefined;
  /** What the application gave to begin with; used up by the first answer. */
  since?: Since | undefined;
  ack?: boolean | undefined;
  /** Of the named subscriber. */
  as?: string | undefined;
  presence?: boolean | undefined;
  /** The server made it: kept and recovered without a listener. */
  byServer?: boolean | undefined;
  /** The server announced it on this connection while our own `subscribe` was on its way. */
  announced?: boolean | undefined;
  /** The id of the `subscribe` whose answer counts, and the position it asked for. */
  requestId?: number | undefined;
  asked?: Position | undefined;
  retries: number;
  /** A `due` subscription waits for this timer; an `asked` one is asked again by it. */
  stopTimer?: (() => void) | undefined;
  stopLinger?: (() => void) | undefined;
  /** Offsets that may be missing: newer publications with the same keys took their places (PROTOCOL.md §15). */
  excused?: number | undefined;
  /** The position at which a hole was last met. */
  holeAt?: Position | undefined;
  /** The frame that sets this connection's own presence state, and its id. */
  state?: Encoded | undefined;
  stateId?: number | undefined;
  stateDue?: boolean | undefined;
  /** Listeners of acknowledged publications, one after the other. */
  processing: Promise<unknown>;
  processed?: Position | undefined;
  ackDue?: boolean | undefined;
  stopAck?: (() => void) | undefined;
}

export function createSubscription(name: string): Subscription {
  return {
    name,
    listeners: new Set(),
    statusListeners: new Set(),
    presenceListeners: new Set(),
    roster: createRoster(),
    phase: 'idle',
    status: 'unsubscribed',
    retries: 0,
    processing: Promise.resolve(),
  };
}

export function emit(sub: Subscription, status: Status): void {
  // A refused presence update or a slow spell does not end a subscription, and what is shown should not say so.
  const passing = sub.phase === 'live' && (status.type === 'error' || status.type === 'behind');
  if (!passing) sub.status = status.type;
  notify(sub.statusListeners, status);
}

/** Whether anybody is there for whom the server should send. */
export function isWanted(sub: Subscription): boolean {
  const { listeners, presenceListeners, stopLinger, byServer } = sub;
  return listeners.size + presenceListeners.size > 0 || stopLinger !== undefined || byServer === true;
}

export function stopRetry(sub: Subscription): void {
  sub.stopTimer?.();
  sub.stopTimer = undefined;
}
