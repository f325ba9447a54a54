import type { Publication } from '@thrum/protocol';
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
  connect: true,
  disconnect: true,
  subscribe: true,
  unsubscribe: true,
  message: true,
  published: true,
  slow: true,
  deadLetter: true,
} satisfies Record<keyof Hooks, true>);
