import {
  type ErrorCode,
  type ErrorFrame,
  errorInfo,
  type FrameId,
  type OutgoingFrame,
} from '@thrum/protocol';
import type { User } from '../channel/definition.ts';
import type { Subscriber, Subscription } from '../channel/subscription.ts';
import { ThrumError } from '../errors.ts';
import { Bucket } from '../limits/bucket.ts';
import type { Parts } from '../parts.ts';
import type { Identity } from '../ports/auth.ts';
import type { Transport } from '../ports/transport.ts';
import { encode, type SharedFrame } from './encode.ts';
import { Outbox } from './outbox.ts';
import { type ConnectionInput, type ConnectionState, nextState } from './state.ts';

/** What an `error` frame answers. */
export interface ErrorContext {
  readonly id?: FrameId;
  readonly channel?: string;
}

/** One transport session: who it is, what it has joined, what waits for it. Frames are handled in `receive.ts`. */
export class Connection implements Subscriber {
  readonly id: string;
  readonly transport: Transport;
  readonly address: string | undefined;
  readonly connectedAt: number;
  readonly subscriptions: Map<string, Subscription> = new Map();
  readonly bucket: Bucket;
  state: ConnectionState = 'waiting';
  user: User | undefined;
  /** Monotonic: when authentication must have succeeded. */
  authenticateBy: number;
  /** Wall clock: when the session ends. */
  expiresAt: number = Infinity;
  /** Monotonic: when the session is validated next. */
  validateAt: number = Infinity;
  identity: Identity | undefined;
  private readonly parts: Parts;
  private readonly outbox: Outbox;

  constructor(parts: Parts, transport: Transport, address: string | undefined) {
    const now = parts.env.monotonic();
    this.parts = parts;
    this.id = parts.env.id();
    this.transport = transport;
    this.address = address;
    this.connectedAt = parts.env.now();
    this.bucket = new Bucket(parts.limits.rate, now);
    this.outbox = new Outbox(transport);
    this.authenticateBy = now + parts.limits.authSeconds * 1000;
  }

  /** Whether frames may still be sent and handled. */
  get alive(): boolean {
    return this.state === 'waiting' || this.state === 'open';
  }

  get bufferedBytes(): number {
    return this.outbox.bytes;
  }

  send(frame: OutgoingFrame): void {
    if (this.alive) this.push(encode(this.transport.codec, frame));
  }

  sendShared(frame: SharedFrame): void {
    if (this.alive) this.push(frame.for(this.transport.codec));
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
    if (!this.step('close')) return;
    this.transport.close(code, reason);
    // What still waits would never be read in time; what the transport has, it sends before the close.
    this.outbox.clear();
  }

  drained(): void {
    this.outbox.drained();
  }

  /** Applies an input to the state table; false when it has no place in this state. */
  step(input: ConnectionInput): boolean {
    const next = nextState(this.state, input);
    if (next === undefined) return false;
    this.state = next;
    return true;
  }

  private push(message: Uint8Array): void {
    const { metrics, limits } = this.parts;
    if (this.outbox.push(message, limits)) {
      metrics.framesOut += 1;
      metrics.bytesOut += message.byteLength;
      return;
    }
    metrics.slowConsumers += 1;
    // The queue is full, so the error frame takes the place of what waited: nobody was going to read that in time.
    this.outbox.clear();
    this.transport.send(encode(this.transport.codec, errorFrame(new ThrumError('slow_consumer'), {})));
    const { close } = errorInfo('slow_consumer');
    if (close !== undefined) this.close(close.code, close.reason);
  }
}

function errorFrame(error: ThrumError, { id, channel }: ErrorContext): ErrorFrame {
  return {
    type: 'error',
    code: error.code,
    message: error.message,
    retry: errorInfo(error.code).retry,
    ...(error.after === undefined ? {} : { after: error.after }),
    ...(channel === undefined ? {} : { channel }),
    ...(id === undefined ? {} : { id }),
  };
}
