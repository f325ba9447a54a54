import type { Member, Publication } from '@thrum/protocol';
import type { Authorize, User } from './channel/definition.ts';
import { type Once, once } from './once.ts';
import type { MaybePromise } from './types.ts';

export interface ConnectionEvent {
  readonly connectionId: string;
  readonly user: User;
}

export interface ChannelEvent extends ConnectionEvent {
  readonly channel: string;
}

/** A client's message after it was authorised and validated, before it is appended. */
export interface IncomingMessage extends ChannelEvent {
  readonly event: string;
  readonly data: unknown;
  /** The frame's `id` as a string: the idempotency key. */
  readonly id?: string;
  /** What `idempotent` needs of the node; put there by the core. */
  readonly [once]?: Once;
}

/** A publication that an acknowledged subscriber did not confirm in time. */
export interface DeadLetter extends ChannelEvent {
  readonly publication: Publication;
  /** The named subscriber, if it was one. */
  readonly name?: string;
  /** How often it was sent. */
  readonly attempts: number;
}

/** Publications that a connection was not sent because it reads too slowly (PROTOCOL.md §15). */
export interface SlowReader extends ChannelEvent {
  /** Since the last call for this connection and channel. */
  readonly dropped: number;
}

/** A user's first connection to this node, or the end of the last one. */
export interface UserEvent {
  readonly user: User;
}

/** A channel's first subscriber on this node, or the going of the last one. */
export interface OccupancyEvent {
  readonly channel: string;
}

/** Who came into a channel with `presence`, or left it for good: a reconnect within the grace is neither. */
export interface MemberEvent {
  readonly channel: string;
  readonly member: Member;
}

/**
 * The application's ears. What they throw is logged and changes nothing, except in `authorize` (denies) and `message`
 * (refuses the message: with the sentence of `reject(…)`, else as `internal`).
 */
export interface Hooks {
  /** Asked besides the channel's own `authorize`; either can deny. */
  readonly authorize?: Authorize;
  /** Authenticated and welcome. */
  readonly connect?: (event: ConnectionEvent) => MaybePromise<void>;
  readonly disconnect?: (
    event: ConnectionEvent & { readonly code: number; readonly reason: string },
  ) => MaybePromise<void>;
  readonly subscribe?: (event: ChannelEvent) => MaybePromise<void>;
  readonly unsubscribe?: (event: ChannelEvent) => MaybePromise<void>;
  /** Before `connect` of a user who had no connection to this node. */
  readonly online?: (event: UserEvent) => MaybePromise<void>;
  /** After `disconnect` of a user's last connection to this node; there is no grace. */
  readonly offline?: (event: UserEvent) => MaybePromise<void>;
  /** Before `subscribe` in a channel that had no subscriber on this node. */
  readonly occupied?: (event: OccupancyEvent) => MaybePromise<void>;
  /** After `unsubscribe` of a channel's last subscriber on this node; there is no grace. */
  readonly vacated?: (event: OccupancyEvent) => MaybePromise<void>;
  readonly joined?: (event: MemberEvent) => MaybePromise<void>;
  readonly left?: (event: MemberEvent) => MaybePromise<void>;
  /** May replace the data by returning `{ data }`. */
  readonly message?: (message: IncomingMessage) => MaybePromise<void | { readonly data: unknown }>;
  /** After a publication was appended, from whomever it came. */
  readonly published?: (publication: Publication) => MaybePromise<void>;
  /** With each `behind`, and for what could not be told any more when the connection ends. */
  readonly slow?: (event: SlowReader) => MaybePromise<void>;
  readonly deadLetter?: (letter: DeadLetter) => MaybePromise<void>;
}

export const hookNames: readonly string[] = Object.keys({
  authorize: true,
  online: true,
  offline: true,
  occupied: true,
  vacated: true,
  joined: true,
  left: true,
  connect: true,
  disconnect: true,
  subscribe: true,
  unsubscribe: true,
  message: true,
  published: true,
  slow: true,
  deadLetter: true,
} satisfies Record<keyof Hooks, true>);
