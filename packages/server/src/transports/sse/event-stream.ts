import type { Env, FrameCodec, Session, Transport } from '@thrum/core';
import {
  type BehindFrame,
  type CloseInfo,
  closeCodes,
  type ErrorCode,
  type ErrorFrame,
  errorInfo,
  type OutgoingFrame,
  type Position,
  type PublicationFrame,
  type SubscribedFrame,
  type UnsubscribedFrame,
} from '@thrum/protocol';
import { eventCodec, type EventForm, isPublication } from './event-codec.ts';
import { Joiner } from './joiner.ts';
import { abnormalClose, type OutputOwner } from './output.ts';
import type { StreamRequest } from './request.ts';
import { StreamPosition } from './stream-position.ts';
import { eventLines, idLine, retryLine } from './writer.ts';

/** Why a stream could not begin. */
export type Refusal = 'denied' | 'unauthenticated' | 'later';

/** What a stream writes to, and how it says no before it has begun. */
export interface StreamSink {
  readonly address: string | undefined;
  readonly bufferedBytes: number;
  open(): void;
  write(part: Uint8Array | string): void;
  end(): void;
  /** Answers in place of a stream; `error` is what the core said last. */
  refuse(why: Refusal, error: ErrorFrame | undefined): void;
}

/** `opening` until the head is sent, `open`, `ended` once nothing more is written. */
type Stage = 'opening' | 'open' | 'ended';

/** A stream of one channel that nobody may read any more has nothing left to say. */
const nothingLeft: CloseInfo = closeCodes.normal;

/** A plain event stream as the core's Transport: it subscribes for its client, and turns frames into events. */
export class EventStream implements Transport, OutputOwner {
  readonly kind = 'events';
  readonly codec: FrameCodec = eventCodec;
  private readonly sink: StreamSink;
  private readonly request: StreamRequest;
  private readonly env: Env;
  private readonly position: StreamPosition;
  /** Where the client stands before anything was sent. */
  private readonly firstId: string;
  private readonly joiner: Joiner;
  /** Channels of this stream, the server's own among them. */
  private readonly joined = new Set<string>();
  /**
   * Channels whose reset is still to be told, after an id that was of no use. Until it is, no event has an id: a client
   * that was cut off in between comes back with the old one, and is told again.
   */
  private readonly owed: Set<string>;
  /** Channels that are being read from the log again after a `behind`: what comes of them meanwhile comes again. */
  private readonly filling = new Set<string>();
  private stage: Stage = 'opening';
  /** Channels whose place does not fit into an id. */
  private readonly leftOut = new Set<string>();
  /** The channels that were refused, to be told once the head is sent. */
  private pending: (Uint8Array | string)[] = [];
  private session: Session | undefined;
  private connectionId = '';
  private mustAuthenticate = false;
  private lastError: ErrorFrame | undefined;
  private ending: CloseInfo = abnormalClose;

  constructor(env: Env, connect: (owner: OutputOwner) => StreamSink, request: StreamRequest) {
    this.env = env;
    this.request = request;
    this.position = new StreamPosition(request.channels, request.positions);
    this.firstId = this.position.id;
    this.owed = new Set(request.isBroken ? request.channels : []);
    this.sink = connect(this);
    this.joiner = new Joiner(env, (frame) => this.session?.receive(frame), request.maxRate);
  }

  get address(): string | undefined {
    return this.sink.address;
  }

  get bufferedBytes(): number {
    return this.sink.bufferedBytes;
  }

  /** The core has accepted this connection, or refused it already. */
  attach(session: Session): void {
    this.session = session;
    if (this.stage === 'ended') return;
    if (this.mustAuthenticate) {
      this.refuse('unauthenticated');
      return;
    }
    for (const [index, channel] of this.request.channels.entries()) {
      this.joiner.ask({ channel, since: this.request.positions[index] ?? this.request.since });
    }
  }

  send(form: EventForm): void {
    if (this.stage === 'ended') return;
    const { frame } = form;
    if (isPublication(frame)) this.publication(form, frame);
    else this.control(form, frame);
  }

  close(code: number, reason: string): void {
    if (this.stage === 'ended') return;
    this.ending = { code, reason };
    if (this.stage === 'opening') {
      const { lastError } = this;
      this.refuse(lastError === undefined || errorInfo(lastError.code).retry ? 'later' : 'unauthenticated');
      return;
    }
    this.write(eventLines('thrum:closed', JSON.stringify(this.ending)));
    this.end();
  }

  drained(): void {
    this.session?.drained();
  }

  stuck(): void {
    this.ending = closeCodes.heartbeat;
  }

  gone(): void {
    this.stage = 'ended';
    this.pending = [];
    this.joiner.stop();
    this.session?.closed(this.ending.code, this.ending.reason);
    this.session = undefined;
  }

  private publication(form: EventForm, { channel, epoch, offset }: PublicationFrame): void {
    if (epoch === undefined || offset === undefined) {
      this.write(form.lines);
      return;
    }
    if (this.filling.has(channel) || this.leftOut.has(channel)) return;
    const position = { epoch, offset };
    this.position.move(channel, position);
    const { channels } = this.position;
    const isAlone = channels.length === 1 && channels[0] === channel && this.owed.size === 0;
    if (isAlone) this.put(form.alone(channel, position));
    else this.write(form.lines);
  }

  private control(form: EventForm, frame: Exclude<OutgoingFrame, PublicationFrame>): void {
    switch (frame.type) {
      case 'welcome':
        this.connectionId = frame.connectionId;
        this.mustAuthenticate = frame.authentication === 'required';
        break;
      case 'subscribed':
        this.subscribed(form, frame);
        break;
      case 'unsubscribed':
        this.unsubscribed(form, frame);
        break;
      case 'error':
        this.failed(form, frame);
        break;
      case 'behind':
        this.behind(form, frame);
        break;
      case 'reconnect':
        // A second at least: an EventSource keeps to it for as long as the server is away.
        this.put(`${retryLine(1000 + frame.after)}\n`);
        this.close(closeCodes.restart.code, closeCodes.restart.reason);
        break;
      default:
      // An event stream asks for nothing else, so nothing else is for it.
    }
  }

  private subscribed(form: EventForm, frame: SubscribedFrame): void {
    const { channel, position, recovered } = frame;
    const answered = this.joiner.answered(frame);
    const isNew = !this.joined.has(channel);
    const before = this.position.of(channel);
    this.position.move(channel, position);
    if (!this.position.fits) {
      this.leaveOut(channel, before);
      return;
    }
    this.joined.add(channel);
    this.filling.delete(channel);
    const wasOwed = this.owed.delete(channel);
    this.open();
    // A server's own subscription that is new begins; every other one that was not asked for begins anew.
    const isAnew = before !== undefined || wasOwed || (answered === undefined && !isNew);
    // Before `thrum:subscribed`, whose id would hide what a client that is cut off in between has not been told.
    if (!recovered && isAnew) this.reset(channel, position);
    this.write(form.lines);
  }

  private unsubscribed(form: EventForm, { channel, code }: UnsubscribedFrame): void {
    if (this.leftOut.delete(channel)) return;
    this.joined.delete(channel);
    this.filling.delete(channel);
    this.write(form.lines);
    // Its position stays in the id: the client comes back with it, and has missed nothing.
    if (code === 'unavailable') this.close(closeCodes.tryLater.code, closeCodes.tryLater.reason);
    else this.endIfEmpty();
  }

  private failed(form: EventForm, frame: ErrorFrame): void {
    if (frame.id === undefined) {
      this.lastError = frame;
      if (this.stage === 'open') this.write(form.lines);
      return;
    }
    const answered = this.joiner.answered(frame);
    if (answered === undefined) return;
    this.lastError = frame;
    this.owed.delete(answered.channel);
    this.write(form.lines);
    // A channel that cannot be had now would be missing from a stream that looks whole.
    if (frame.retry) this.close(closeCodes.tryLater.code, closeCodes.tryLater.reason);
    else this.endIfEmpty();
  }

  private behind(form: EventForm, { channel, superseded }: BehindFrame): void {
    this.write(form.lines);
    const since = this.position.of(channel);
    if (superseded === true || since === undefined || !this.joined.has(channel) || this.filling.has(channel))
      return;
    this.filling.add(channel);
    this.joiner.ask({ channel, since });
  }

  private reset(channel: string, position: Position | undefined): void {
    this.write(eventLines('thrum:reset', JSON.stringify({ channel, ...(position && { position }) })));
  }

  /** Sends the head, with the first channel. */
  private open(): void {
    if (this.stage !== 'opening') return;
    this.stage = 'open';
    this.sink.open();
    const data = {
      message: 'Connected to event stream',
      connectionId: this.connectionId,
      channels: this.request.channels,
    };
    this.sink.write(retryLine(1000 + this.env.random() * 2000));
    this.sink.write(eventLines('connected', JSON.stringify(data)));
    this.sink.write(this.request.isBroken ? '\n' : idLine(this.firstId));
    for (const part of this.pending) this.sink.write(part);
    this.pending = [];
  }

  private endIfEmpty(): void {
    if (this.joined.size > 0 || !this.joiner.isIdle) return;
    if (this.stage === 'opening') this.refuse('denied');
    else this.close(nothingLeft.code, nothingLeft.reason);
  }

  /** Goes without a channel whose place would make the id too long to be sent back: resumed, it would lose its place. */
  private leaveOut(channel: string, before: Position | undefined): void {
    this.position.move(channel, before);
    this.joined.delete(channel);
    this.filling.delete(channel);
    this.owed.delete(channel);
    this.leftOut.add(channel);
    const message = 'The place in this channel does not fit into an id';
    const data = { code: 'channel_limit' satisfies ErrorCode, message, retry: false, channel };
    this.write(eventLines('thrum:error', JSON.stringify(data)));
    queueMicrotask(() => this.session?.receive(JSON.stringify({ type: 'unsubscribe', channel })));
    this.endIfEmpty();
  }

  private write(lines: Uint8Array | string): void {
    if (lines.length === 0) return;
    this.put(lines);
    this.put(this.owed.size > 0 ? '\n' : idLine(this.position.id));
  }

  private put(part: Uint8Array | string): void {
    if (this.stage === 'open') this.sink.write(part);
    else if (this.stage === 'opening') this.pending.push(part);
  }

  private refuse(why: Refusal): void {
    this.stage = 'ended';
    this.pending = [];
    this.joiner.stop();
    this.sink.refuse(why, this.lastError);
  }

  private end(): void {
    this.stage = 'ended';
    this.joiner.stop();
    this.sink.end();
  }
}
