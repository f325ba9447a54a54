import type { ErrorCode } from './codes.ts';
import type { Position, Since } from './position.ts';

/** What a frame and its answer are matched by: 1 to 128 characters, or a non-negative safe integer. */
export type FrameId = string | number;

export interface AuthFrame {
  readonly type: 'auth';
  readonly token: string;
  readonly id?: FrameId;
}

export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly channel: string;
  readonly since?: Since;
  readonly ack?: boolean;
  /** Of a named subscriber, whose cursor the server keeps; with `ack` only. 1 to 64 characters. */
  readonly name?: string;
  readonly presence?: boolean;
  /** At most so many publications of each event and key a second (PROTOCOL.md §19). */
  readonly maxRate?: number;
  readonly id?: FrameId;
}

export interface UnsubscribeFrame {
  readonly type: 'unsubscribe';
  readonly channel: string;
  readonly id?: FrameId;
}

export interface MessageFrame {
  readonly type: 'message';
  readonly channel: string;
  readonly data: unknown;
  /** Default `message`. */
  readonly event?: string;
  /** The idempotency key too. */
  readonly id?: FrameId;
  /** The `id` of the user's publish to this channel just before, while its answer is out; only beside an `id` of its own. */
  readonly follows?: FrameId;
}

/** Confirms up to `offset`, or the one publication that carried `id`. */
export type AckFrame =
  | {
      readonly type: 'ack';
      readonly channel: string;
      readonly offset: number;
      readonly epoch?: string;
      readonly id?: FrameId;
    }
  | { readonly type: 'ack'; readonly id: FrameId };

export interface HistoryFrame {
  readonly type: 'history';
  readonly channel: string;
  readonly since?: Position;
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly id?: FrameId;
}

export interface PresenceFrame {
  readonly type: 'presence';
  readonly channel: string;
  /** Present: replaces this connection's own state first. */
  readonly state?: unknown;
  readonly id?: FrameId;
}

export interface CallFrame {
  readonly type: 'call';
  readonly method: string;
  readonly params?: unknown;
  readonly id?: FrameId;
}

export interface PingFrame {
  readonly type: 'ping';
  readonly id?: FrameId;
}

/** Every frame a client may send (PROTOCOL.md §2). */
export type ClientFrame =
  | AuthFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | MessageFrame
  | AckFrame
  | HistoryFrame
  | PresenceFrame
  | CallFrame
  | PingFrame;

export interface WelcomeLimits {
  readonly message: number;
  readonly channels: number;
  readonly rate: number;
  readonly history: number;
}

export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly message: string;
  readonly connectionId: string;
  readonly protocol: 1;
  readonly authentication: 'required' | 'optional' | 'done';
  readonly userId?: string;
  /** Milliseconds. */
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  readonly limits: WelcomeLimits;
  readonly node?: string;
}

export interface AuthSuccessFrame {
  readonly type: 'auth_success';
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly id?: FrameId;
}

export interface SubscribedFrame {
  readonly type: 'subscribed';
  readonly channel: string;
  /** Where the stream that follows begins. Absent for ephemeral channels. */
  readonly position?: Position;
  readonly recovered: boolean;
  /** What was granted; absent where every publication is sent at once (PROTOCOL.md §19). */
  readonly maxRate?: number;
  readonly id?: FrameId;
}

export interface UnsubscribedFrame {
  readonly type: 'unsubscribed';
  readonly channel: string;
  readonly code?: ErrorCode;
  readonly id?: FrameId;
}

export interface AckedFrame {
  readonly type: 'ack';
  readonly channel: string;
  readonly position?: Position;
  readonly duplicate?: true;
  readonly id?: FrameId;
}

export interface ResultFrame {
  readonly type: 'result';
  readonly data: unknown;
  readonly id?: FrameId;
}

export interface PongFrame {
  readonly type: 'pong';
  readonly id?: FrameId;
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry: boolean;
  /** Milliseconds to wait before trying again. */
  readonly after?: number;
  readonly channel?: string;
  readonly id?: FrameId;
}

/** One connection of a member in a channel. */
export interface PresenceMeta {
  readonly connectionId: string;
  readonly joinedAt: number;
  readonly state?: unknown;
}

/** One user in a channel, with one meta for each of their connections. */
export interface Member {
  readonly userId: string;
  readonly metas: readonly PresenceMeta[];
}

export interface JoinedFrame {
  readonly type: 'joined';
  readonly channel: string;
  readonly member: Member;
}

export interface LeftFrame {
  readonly type: 'left';
  readonly channel: string;
  readonly member: Member;
}

export interface PresenceListFrame {
  readonly type: 'presence';
  readonly channel: string;
  readonly members: readonly Member[];
  /** true: these are all members; false: these changed. */
  readonly full: boolean;
}

export interface ReconnectFrame {
  readonly type: 'reconnect';
  /** Milliseconds to wait before coming back. */
  readonly after: number;
  readonly reason: string;
}

export interface BehindFrame {
  readonly type: 'behind';
  readonly channel: string;
  /** Publications left out since the last `behind`, transient ones included. */
  readonly dropped: number;
  /** A newer one with the same key took the place of each: nothing to recover. */
  readonly superseded?: true;
}

/** Every frame a server may send that is not a publication (PROTOCOL.md §3). */
export type ServerFrame =
  | WelcomeFrame
  | AuthSuccessFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | AckedFrame
  | ResultFrame
  | PongFrame
  | ErrorFrame
  | JoinedFrame
  | LeftFrame
  | PresenceListFrame
  | ReconnectFrame
  | BehindFrame;

/**
 * A publication as it stands in a channel's log and reaches the application (PROTOCOL.md §4).
 * `offset` and `epoch` are both present or both absent (transient event, ephemeral channel).
 */
export interface Publication {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly offset?: number;
  readonly epoch?: string;
  readonly id?: string;
  readonly from?: string;
  readonly timestamp: number;
  /** On its way to a subscriber: how many right before it gave way to newer ones (PROTOCOL.md §19). Never in a log. */
  readonly conflated?: number;
}

/** A publication as it travels: `type` is the event name. */
export interface PublicationFrame extends Omit<Publication, 'event'> {
  readonly type: string;
}

/** What `history` gives; in the `result` that answers the frame, publications travel as {@link PublicationFrame}. */
export interface HistoryResult {
  readonly publications: readonly Publication[];
  /** The top of the log; absent where the channel keeps no history. */
  readonly position?: Position | undefined;
  readonly more: boolean;
  readonly recovered: boolean;
}

/** `data` of the `result` that answers `presence`. */
export interface PresenceResult {
  readonly members: readonly Member[];
  readonly count: number;
}

/** The wire form of a publication, keys in the order of PROTOCOL.md §4. */
export function toPublicationFrame(publication: Publication): PublicationFrame {
  const { event, ...rest } = publication;
  return { type: event, ...rest };
}
