import type { ParamsOf, Publication, Schema } from '@thrum/protocol';
import type { Duration } from '../duration.ts';
import type { MaybePromise } from '../types.ts';

/** Who acts, as hooks see them. */
export interface User {
  readonly id: string;
  /** Let in without a token. */
  readonly anonymous: boolean;
  /** What the token said besides who it is. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a client can want of a channel. */
export type Action = 'subscribe' | 'publish' | 'presence' | 'history';

/** What an authorisation hook decides on. */
export interface AuthorizeRequest<Params = Readonly<Record<string, string>>> {
  readonly user: User;
  readonly action: Action;
  readonly channel: string;
  /** The `{…}` parts of the definition's pattern. */
  readonly params: Params;
  /** The event, when `action` is `publish`. */
  readonly event?: string;
}

/** True allows. False, a throw or a rejection denies; one denial beats every permission. */
export type Authorize<Params = Readonly<Record<string, string>>> = (
  request: AuthorizeRequest<Params>,
) => MaybePromise<boolean>;

/**
 * `ephemeral`: at most once on one connection, nothing kept. `recoverable`: ordered, no gap within the history, an honest
 * `recovered:false` outside it. `durable`: the same, and an ack means that it is on disk.
 */
export type Tier = 'ephemeral' | 'recoverable' | 'durable';

/**
 * What becomes of publications that do not fit the outbox of a connection that reads too slowly (PROTOCOL.md §15).
 * `disconnect`: it is closed with 4008 and recovers when it is back. `drop-oldest`: the oldest waiting ones are left out.
 * `latest-per-key`: a waiting one gives way to a newer one with the same event and key.
 */
export type SlowPolicy = 'disconnect' | 'drop-oldest' | 'latest-per-key';

/** A text, number or boolean; anything else is no key, and nothing takes the place of such a publication. */
export type KeyOf = (publication: Publication) => unknown;

/** At most one batch of publications every so many milliseconds, of each event and key the newest (PROTOCOL.md §19). */
export interface Conflate {
  /** Between two batches, 1 ms to 1 minute. */
  readonly every: Duration;
  /** The channel's `key`, said here. */
  readonly key?: string | KeyOf;
}

/** Event names and the schema of each one's data. */
export type Events = Readonly<Record<string, Schema>>;

/** The rules of all channels whose name fits one pattern. */
export interface ChannelDefinition<
  Pattern extends string = string,
  E extends Events | undefined = Events | undefined,
> {
  /** The events that may be published and their data. Default: any event, any JSON. */
  readonly events?: E;
  /** Default `recoverable`. */
  readonly tier?: Tier;
  /** How far back a reconnecting client can recover. Default 100 publications, 5 minutes. */
  readonly history?: { readonly size?: number; readonly ttl?: Duration };
  /**
   * Where publications go that an acknowledged subscriber did not confirm in time: a channel name, which may hold the
   * `{…}` parts of this pattern (`dead:{room}`). The server publishes each there as event `dead_letter`, with
   * `{ publication, userId, name?, attempts }` as data, before the subscriber's cursor moves past it. That channel must be
   * defined, keep a history and have no dead-letter channel itself; its `events` do not bind. Default: none, then only the
   * `deadLetter` hook hears of them.
   */
  readonly deadLetter?: string;
  /** Whether members are tracked and shown. Default false. */
  readonly presence?: boolean;
  /** Default `disconnect`. Acknowledged subscriptions are not subject to it: nothing is left out of them. */
  readonly slow?: SlowPolicy;
  /**
   * The property of `data` that tells publications of one event apart, or a function that finds it: for `conflate`, for
   * subscribers that ask for a `maxRate`, and with `slow: 'latest-per-key'`. Default: none, so only the latest of each event
   * counts. A function that throws is logged and finds no key.
   */
  readonly key?: string | KeyOf;
  /**
   * Sends live subscribers the newest values at a bounded rate: the first at once, the last in any case. History,
   * recovery and acknowledged subscriptions have every publication. Default: each is sent at once.
   */
  readonly conflate?: Conflate;
  /** Who may do what. Default: everyone whom authentication let in. */
  readonly authorize?: Authorize<
    string extends Pattern ? Readonly<Record<string, string>> : ParamsOf<Pattern>
  >;
}

export const definitionNames: readonly string[] = Object.keys({
  events: true,
  tier: true,
  history: true,
  deadLetter: true,
  presence: true,
  slow: true,
  key: true,
  conflate: true,
  authorize: true,
} satisfies Record<keyof ChannelDefinition, true>);

export const conflateNames: readonly string[] = Object.keys({
  every: true,
  key: true,
} satisfies Record<keyof Conflate, true>);

export const historyNames: readonly string[] = Object.keys({
  size: true,
  ttl: true,
} satisfies Record<keyof NonNullable<ChannelDefinition['history']>, true>);
