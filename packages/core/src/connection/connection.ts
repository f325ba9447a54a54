import {
  type ErrorCode,
  type ErrorFrame,
  errorInfo,
  type FrameId,
  type OutgoingFrame,
  type PublicationFrame,
} from '@thrum/protocol';
import type { User } from '../channel/definition.ts';
import { keyOfFrame } from '../channel/slow.ts';
import type { Subscriber, Subscription } from '../channel/subscription.ts';
import { ThrumError } from '../errors.ts';
import type { Hooks } from '../hooks.ts';
import { notify } from '../notify.ts';
import type { Parts } from '../parts.ts';
import type { Transport } from '../ports/transport.ts';
import { encode, type SharedFrame } from './encode.ts';
import type { FrameRun } from './frame-run.ts';
import type { Tag } from './backlog.ts';
import { Lane } from './lane.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import type { Term } from './term.ts';
import { type ConnectionInput, type ConnectionState, nextState } from './state.ts';

/** What an `error` frame answers. */
export interface ErrorContext {
  readonly id?: FrameId;
  readonly channel?: string;
}

const none: readonly Subscription[] = [];

/** What a connection needs of its node. */
type ConnectionParts = Parts & { readonly hooks: Hooks };

/** One transport session: who it is, what it has joined, what waits for it. Frames are handled in `receive.ts`. */
export class Connection implements Subscriber, OutboxOwner {
  readonly id: string;
  readonly transport: Transport;
  readonly connectedAt: number;
  state: ConnectionState = 'waiting';
  user: User | undefined;
  /** What is due to it at some time; absent where its session has no end. */
  term: Term | undefined;
  /** The channel of the `subscribe` that is being handled, as long as its right has not been withdrawn meanwhile. */
  asking: string | undefined;
  /** Bytes of the frame that is being handled. */
  handling = 0;
  /** Messages handed to the broker and not yet answered, and their bytes. */
  appends = 0;
  appendBytes = 0;
  private readonly parts: ConnectionParts;
  private readonly outbox: Outbox;
  /** Most connections have one. */
  private joined: Subscription | Map<string, Subscription> | undefined;

  constructor(parts: ConnectionParts, transport: Transport) {
    this.parts = parts;
    this.id = parts.env.id();
    this.transport = transport;
    this.connectedAt = parts.env.now();
    this.outbox = new Outbox(transport, parts, this);
  }

  get subscriptions(): readonly Subscription[] {
    const { joined } = this;
    if (joined === undefined) return none;
    return joined instanceof Map ? [...joined.values()] : [joined];
  }

  /** Its part in a channel, if it has one. */
  subscription(channel: string): Subscription | undefined {
    const { joined } = this;
    if (joined instanceof Map) return joined.get(channel);
    return joined?.channel === channel ? joined : undefined;
  }

  /** Keeps a subscription to a channel in which it has none. */
  keep(subscription: Subscription): void {
    const { joined } = this;
    if (joined === undefined) this.joined = subscription;
    else if (joined instanceof Map) joined.set(subscription.channel, subscription);
    else {
      this.joined = new Map([
        [joined.channel, joined],
        [subscription.channel, subscription],
      ]);
    }
  }

  forget({ channel }: Subscription): void {
    const { joined } = this;
    if (joined instanceof Map) joined.delete(channel);
    else if (joined?.channel === channel) this.joined = undefined;
  }

  /** Whether frames may still be sent and handled. */
  get alive(): boolean {
    return this.state === 'waiting' || this.state === 'open';
  }

  get bufferedBytes(): number {
    return this.outbox.bytes;
  }

  send(frame: OutgoingFrame): void {
    if (!this.alive) return;
    const message = encode(this.transport.codec, frame);
    if (this.outbox.pass(message)) return;
    // These begin and end a channel's stream, so what was left out before them is told before them.
    if (frame.type === 'subscribed' || frame.type === 'unsubscribed') {
      const subscription = this.subscription(frame.channel);
      if (subscription !== undefined) this.settle(subscription);
    }
    if (this.alive && !this.outbox.wait(message)) this.overflow();
  }

  sendShared(frame: SharedFrame): void {
    if (!this.alive) return;
    const message = frame.for(this.transport.codec);
    if (!this.outbox.pass(message) && !this.outbox.wait(message)) this.overflow();
  }

  publish(run: FrameRun, subscription: Subscription, isLast = false): void {
    if (!this.alive) return;
    const { codec } = this.transport;
    const sent = this.outbox.passAll(run.chunks(codec), isLast);
    if (sent === run.length) return;
    for (const frame of run.frames.slice(sent)) {
      if (this.outbox.wait(frame.for(codec), this.tag(frame, subscription))) continue;
      this.overflow();
      return;
    }
  }

  replay(run: FrameRun, subscription: Subscription): number {
    const { codec } = this.transport;
    if (!this.alive) return run.length;
    const isLoose = mayLeaveOut(subscription);
    let sent = this.outbox.passAll(run.chunks(codec));
    for (const frame of run.frames.slice(sent)) {
      if (!isLoose) this.sendShared(frame);
      else if (!this.outbox.replay(frame.for(codec))) break;
      sent += 1;
    }
    return sent;
  }

  miss(subscription: Subscription, count: number): void {
    if (this.alive && mayLeaveOut(subscription)) this.outbox.miss(laneOf(subscription), count);
  }

  rewind({ lane }: Subscription): void {
    if (lane !== undefined) this.outbox.rewind(lane);
  }

  settle({ lane }: Subscription): void {
    if (lane !== undefined && this.alive && !this.outbox.settle(lane)) this.overflow();
  }

  /** The application hears of it in a moment: what it does then must not meet an outbox in the middle of its work. */
  fellBehind(channel: string, dropped: number): void {
    const { hooks, log } = this.parts;
    const { id, user } = this;
    if (hooks.slow === undefined || user === undefined) return;
    const event = { connectionId: id, user, channel, dropped };
    void Promise.resolve().then(() => notify(log, 'slow', hooks.slow, event));
  }

  /** Answers with an `error` frame; codes that close the connection do so after it. */
  fail(error: ThrumError, context: ErrorContext = {}): void {
    this.parts.metrics.errors += 1;
    this.send(errorFrame(error, context));
    const { close } = errorInfo(error.code);
    if (close !== undefined) this.close(close.code, close.reason);
  }

  /** {@link fail} with the code's own sentence. */
  failWith(code: ErrorCode, context: ErrorContext = {}): void {
    this.fail(new ThrumError(code), context);
  }

  close(code: number, reason: string): void {
    // What was published before is not overtaken by the end, nor lost because it waits for its rate (PROTOCOL.md §19).
    this.parts.turn.end();
    for (const subscription of this.subscriptions) subscription.stage?.settle(subscription);
    this.end(code, reason);
  }

  private end(code: number, reason: string): void {
    if (!this.step('close')) return;
    this.transport.close(code, reason);
    // What still waits would never be read in time; what the transport has, it sends before the close.
    this.outbox.clear();
  }

  drained(): void {
    this.outbox.drained();
  }

  /** The transport is gone: frees what waited for it. */
  release(): void {
    this.outbox.clear();
  }

  /** Applies an input to the state table; false when it has no place in this state. */
  step(input: ConnectionInput): boolean {
    const next = nextState(this.state, input);
    if (next === undefined) return false;
    this.state = next;
    return true;
  }

  private tag(frame: SharedFrame, subscription: Subscription): Tag | undefined {
    if (!mayLeaveOut(subscription)) return undefined;
    const { rules } = subscription;
    const { conflated = 0, offset } = frame.frame as PublicationFrame;
    return {
      lane: laneOf(subscription),
      key: rules.slow === 'latest-per-key' ? keyOfFrame(rules.keyOf, frame, this.parts.log) : undefined,
      placed: offset !== undefined,
      count: 1 + conflated,
    };
  }

  private overflow(): void {
    this.parts.metrics.slowConsumers += 1;
    // The queue is full, so the error frame takes the place of what waited: nobody was going to read that in time.
    this.outbox.clear();
    this.transport.send(encode(this.transport.codec, errorFrame(new ThrumError('slow_consumer'), {})));
    const { close } = errorInfo('slow_consumer');
    if (close !== undefined) this.end(close.code, close.reason);
  }
}

/** Unconfirmed publications come again out of order, which is no way to fill a hole: they are never left out. */
function mayLeaveOut({ acks, rules }: Subscription): boolean {
  return rules.slow !== 'disconnect' && acks === undefined;
}

function laneOf(subscription: Subscription): Lane {
  return (subscription.lane ??= new Lane(subscription.channel));
}

function errorFrame(error: ThrumError, { id, channel }: ErrorContext): ErrorFrame {
  return {
    type: 'error',
    code: error.code,
    message: error.message,
    retry: error.retry,
    ...(error.after === undefined ? {} : { after: error.after }),
    ...(channel === undefined ? {} : { channel }),
    ...(id === undefined ? {} : { id }),
  };
}
