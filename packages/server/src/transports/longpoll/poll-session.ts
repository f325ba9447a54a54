import type { FrameCodec, Session, Transport } from '@thrum/core';
import { type CloseInfo, closeCodes, jsonCodec } from '@thrum/protocol';
import type { Beating, Heartbeat } from '../heartbeat.ts';
import type { FallbackSession } from './sessions.ts';
import { Upstream } from './upstream.ts';

/** The longest that a poll is held: proxies give up a silent request after 30 seconds and more. */
export const longestHoldSeconds = 25;

/** A frame as it stands in the JSON of an answer: a string. Made once for all sessions. */
const pollCodec: FrameCodec = {
  encode: (frame) => JSON.stringify(JSON.stringify(frame)),
  decode: (message) => jsonCodec.decode(message),
};

/** Answers one poll with this body. */
export type Answer = (body: Buffer) => void;

export interface PollSessionParts {
  /** Where the first request came from. */
  readonly address: string | undefined;
  readonly heartbeat: Heartbeat<PollSession>;
  readonly names: { readonly session: string; readonly node: string };
  /** The longest hold in seconds. */
  readonly holdSeconds: number;
  /** The core has closed it; it stays for whoever asks how it ended. */
  readonly ended: (session: PollSession) => void;
  readonly forget: () => void;
}

const comma = Buffer.from(',');

/**
 * A session whose client asks again and again (PROTOCOL.md §17). Frames stay here until a later poll confirms them; what
 * is not confirmed counts as not yet taken, so that the outbox's bounds hold for it.
 */
export class PollSession implements Transport, Beating, FallbackSession {
  readonly kind = 'longpoll';
  readonly codec: FrameCodec = pollCodec;
  readonly upstream: Upstream = new Upstream();
  readonly unfinished = undefined;
  seenTick = 0;
  pingTick = 0;
  bufferedBytes = 0;
  private readonly parts: PollSessionParts;
  private readonly frames: Uint8Array[] = [];
  /** Numbers of the last frame that was confirmed, and of the last that was in an answer. */
  private confirmed = 0;
  private sent = 0;
  private held: Answer | undefined;
  /** An answer has told the client its name. */
  private isKnown = false;
  private isFlushing = false;
  private session: Session | undefined;
  private ending: CloseInfo | undefined;

  constructor(parts: PollSessionParts) {
    this.parts = parts;
    parts.heartbeat.add(this);
  }

  attach(session: Session): void {
    this.session = session;
    this.upstream.attach(session);
  }

  get address(): string | undefined {
    return this.parts.address;
  }

  /** Takes a poll over: it is answered now or later. False: it confirms what was never sent. */
  poll(ack: number, holdSeconds: number, answer: Answer): boolean {
    if (ack > this.sent) return false;
    const { heartbeat } = this.parts;
    // An earlier one that is still open has been given up by the client, or is a mistake.
    this.held?.(this.body(0));
    this.held = answer;
    this.seenTick = heartbeat.tick;
    this.pingTick = heartbeat.tick + heartbeat.ticks(Math.min(holdSeconds, this.parts.holdSeconds));
    const wasConfirmed = this.confirm(ack);
    if (wasConfirmed) this.session?.drained();
    if (this.frames.length > 0 || this.ending !== undefined || holdSeconds === 0) this.flushSoon();
    return true;
  }

  /** The request of a poll is gone before it was answered. */
  abandon(answer: Answer): void {
    if (this.held === answer) this.held = undefined;
  }

  send(message: Uint8Array): void {
    if (this.ending !== undefined) return;
    this.frames.push(message);
    this.bufferedBytes += message.byteLength;
    if (this.held !== undefined) this.flushSoon();
  }

  close(code: number, reason: string): void {
    if (this.ending !== undefined) return;
    this.ending = { code, reason };
    // Later: the core may be about to hand over the session that this ends.
    setImmediate(() => this.finish());
  }

  end(close: CloseInfo): void {
    this.ending ??= close;
    this.finish();
  }

  /** The longest that this poll may be held is over. */
  beat(): void {
    if (this.held !== undefined) this.answer();
  }

  /** Nobody has polled for too long. */
  giveUp(): void {
    this.ending ??= closeCodes.heartbeat;
    this.held?.(this.body(0));
    this.forget();
  }

  private finish(): void {
    this.flush();
    this.over();
    this.parts.ended(this);
  }

  private confirm(ack: number): boolean {
    const count = ack - this.confirmed;
    if (count <= 0) return false;
    for (const frame of this.frames.splice(0, count)) this.bufferedBytes -= frame.byteLength;
    this.confirmed = ack;
    return true;
  }

  /** One answer for all frames of a turn. */
  private flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    setImmediate(() => {
      this.isFlushing = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.held === undefined) return;
    // Without the first answer a client has no name to ask with again.
    const isFirst = !this.isKnown;
    this.answer();
    if (isFirst && this.ending !== undefined) this.forget();
  }

  private answer(): void {
    const { held } = this;
    const count = this.frames.length;
    this.held = undefined;
    this.seenTick = this.parts.heartbeat.tick;
    this.sent = this.confirmed + count;
    this.isKnown = true;
    held?.(this.body(count));
  }

  /** An answer with the first `count` of the frames that are not confirmed. */
  private body(count: number): Buffer {
    const { names } = this.parts;
    const head = JSON.stringify({ ...names, seq: this.confirmed + count }).slice(0, -1);
    const close = this.ending === undefined ? '' : `,"close":${JSON.stringify(this.ending)}`;
    const frames = this.frames
      .slice(0, count)
      .flatMap((frame, index) => (index === 0 ? [frame] : [comma, frame]));
    return Buffer.concat([Buffer.from(`${head},"frames":[`), ...frames, Buffer.from(`]${close}}\n`)]);
  }

  /** Forgets it, whatever the client still wanted to know. */
  forget(): void {
    this.parts.heartbeat.delete(this);
    this.parts.forget();
    this.frames.length = 0;
    this.bufferedBytes = 0;
    this.over();
  }

  /** The core's part of it is over. */
  private over(): void {
    const { session } = this;
    this.session = undefined;
    const { code, reason } = this.ending ?? closeCodes.heartbeat;
    session?.closed(code, reason);
  }
}
