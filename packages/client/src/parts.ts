import type { FrameId } from '@thrum/protocol';
import type { ThrumError, ThrumErrorCode } from './errors.ts';
import type { DroppedPublish, Published } from './publish.ts';
import type { Encoded } from './socket-like.ts';
import type { ChannelOptions, Subscription } from './subscription.ts';
import type { Frame } from './wire.ts';

// What the parts of a client are to one another. Types alone, and none of the settings: those name `Persist`, which names these.

/** What the connection tells the parts above it. */
export interface ConnectionEvents {
  /** The server spoke, and the `auth` frame is on its way: what may follow it without waiting can go. */
  welcome(limits: unknown): void;
  /** The server let us in; without an id: as an anonymous user. */
  ready(userId: string | undefined): void;
  /** Every frame that is not the connection's own; `undefined`: something that is no frame, or not now. */
  frame(frame?: Frame): void;
  /**
   * There is no socket, and nothing in flight will be answered. With an error: the client is disconnected or failed, and
   * nothing will happen until `connect()`.
   */
  down(error?: ThrumError): void;
  /** Whether something is on its way that would not be sent again after a `down`. */
  busy(): boolean;
}

/** A frame that has to go, and what becomes of it. */
export interface Order {
  /** What its answer is known by; no other order has it. Default: a number. */
  readonly id?: FrameId;
  /** The frame, made when it goes; `undefined`: not now. `follows` is for publishes (PROTOCOL.md §2 message). */
  encode(id: FrameId, follows?: string): Encoded | undefined;
  /** `now`: on this connection or not at all · `once`: never twice · `again`: until it is answered. */
  readonly lives: 'now' | 'once' | 'again';
  /** Called once, with its answer or with why there is none. Where nobody cares, the order ends when it went. */
  done?(outcome: Frame | ThrumError): void;
  /** Milliseconds until it fails. Default: for ever. */
  readonly timeout?: number;
  /** What it fails with then. Default `timeout`. */
  readonly late?: ThrumErrorCode | undefined;
  /**
   * Somebody waits for the answer: it goes once the server let us in, and fails when nothing will go by itself any more.
   * The others tend subscriptions; they go right behind `auth` and outlive `disconnect()`.
   */
  readonly asked?: boolean;
  /** There for publishes: they keep their order, and their number is bounded. */
  readonly publish?: DroppedPublish | undefined;
  /** Of the frame; above the limit, the order fails. */
  readonly bytes?: number;
  /** It went once: whatever becomes of it now, the server may have it. */
  readonly tried?: boolean | undefined;
}

/** An order that has not ended. */
export interface Item extends Order {
  readonly id: FrameId;
  /** On this connection, and not refused since. */
  sent: boolean;
  tried?: boolean | undefined;
  /** What it followed when it went last. */
  follows?: string | undefined;
  refusals: number;
  /** When it may go, or may go again. */
  dueAt: number;
  readonly deadline: number;
}

/** All that has to be sent, below the server's rate limit, and all that waits for an answer. */
export interface Outbox {
  /** By id, in the order in which they go. What is deleted is forgotten. */
  readonly items: Map<FrameId | undefined, Item>;
  /** A number that no order has had. */
  newId(): number;
  /** Sends it in its turn, as soon as it may go, and not before `delay` milliseconds. Returns its id. */
  add(order: Order, delay?: number): FrameId;
  /** Ends it. */
  settle(id: FrameId, outcome: Frame | ThrumError): void;
  /** Takes the frame as the answer to the order with its id, if there is one. */
  answer(frame: Frame): void;
  /** Sends as much as may go now. */
  pump(): void;
  /** A connection with these limits (PROTOCOL.md §13). */
  open(limits: unknown): void;
  /** Nothing in flight will be answered; with an error, nothing will go by itself, and all that somebody waits for fails. */
  down(error: ThrumError | undefined): void;
  /** Whether something is on its way that goes once only. */
  busy(): boolean;
}

/** What a caller may say about how long to wait. */
export interface WaitOptions {
  /** Milliseconds until the promise rejects with `timeout`. A publish without it waits for `queue.maxAge`, then `expired`. */
  readonly timeout?: number | undefined;
  /** Rejects the promise with `aborted` when it fires. */
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions extends WaitOptions {
  /**
   * The idempotency key, 1 to 128 characters, for a method whose handler is `idempotent`: with it the call is sent again
   * after a reconnect, until it is answered or timed out. Default: none, and never sent twice.
   */
  readonly id?: string | undefined;
}

export interface PublishOptions extends WaitOptions {
  /** The idempotency key (PROTOCOL.md §2 message), 1 to 128 characters. Default: a random one. */
  readonly id?: string | undefined;
  /** `false`: only if connected now, and never sent again. Default true. */
  readonly queue?: boolean | undefined;
}

export interface RequestFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What an application waits for. */
export interface Requests {
  /** Kept across connections and sent again with its id until acknowledged, within the bounds of the queue. */
  publish(channel: string, event: string, data: unknown, options?: PublishOptions): Promise<Published>;
  /** `read` turns the answer's `data` into what the promise resolves with. */
  request<T>(
    lives: Order['lives'],
    frame: RequestFrame,
    wait: CallOptions | undefined,
    read: (data: unknown) => T,
  ): Promise<T>;
}

/** Every channel of one client. Handles come and go; what the server knows is kept here. */
export interface Subscriptions {
  /** By name. */
  readonly all: ReadonlyMap<string, Subscription>;
  get(name: string): Subscription;
  /** Somebody listens now: subscribes unless that has happened, or asks again for more. */
  retain(sub: Subscription, options: ChannelOptions): void;
  /** Somebody left: the last one unsubscribes, after the linger. */
  release(sub: Subscription): void;
  /** For the time being, in place of what was asked for. */
  setRate(name: string, maxRate: number | undefined): void;
  setState(name: string, state: unknown): void;
  /** The connection is gone; with an error, nothing will bring it back by itself. */
  down(error: ThrumError | undefined): void;
  /** Every frame about a channel that answers no order; returns whether it was sound. */
  receive(frame: Frame): boolean;
  /** The client is disposed of. */
  clear(): void;
}
