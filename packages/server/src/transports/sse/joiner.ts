import type { Cancel, Env } from '@thrum/core';
import type { ErrorFrame, Since, SubscribedFrame } from '@thrum/protocol';

/** A channel that a stream wants to be in, from `since` on. */
export interface Wish {
  readonly channel: string;
  readonly since: Since | undefined;
}

const shortestWaitMs = 50;

/**
 * Subscribes on behalf of a client that cannot: one frame after the other, each when the one before it is answered, so that
 * neither the inbox nor the rate of a connection can be too small for the list.
 */
export class Joiner {
  private readonly env: Env;
  private readonly send: (frame: string) => void;
  /** Of every channel (PROTOCOL.md §19). */
  private readonly maxRate: number | undefined;
  private readonly wishes: Wish[] = [];
  private asked: Wish | undefined;
  private id = 0;
  private cancel: Cancel | undefined;
  private stopped = false;

  constructor(env: Env, send: (frame: string) => void, maxRate: number | undefined) {
    this.env = env;
    this.send = send;
    this.maxRate = maxRate;
  }

  get isIdle(): boolean {
    return this.asked === undefined && this.wishes.length === 0;
  }

  ask(wish: Wish): void {
    this.wishes.push(wish);
    // Later: this may be called in the middle of the core's sending.
    queueMicrotask(() => this.next());
  }

  /** Matches an answer with its question; `undefined` for a frame that answers nothing of this, or that comes again later. */
  answered(frame: SubscribedFrame | ErrorFrame): Wish | undefined {
    const { asked } = this;
    if (asked === undefined || frame.id !== this.id) return undefined;
    this.asked = undefined;
    if (frame.type === 'error' && frame.code === 'rate_limited') {
      this.wishes.unshift(asked);
      this.cancel = this.env.timer(Math.max(frame.after ?? 0, shortestWaitMs), () => {
        this.cancel = undefined;
        this.next();
      });
      return undefined;
    }
    queueMicrotask(() => this.next());
    return asked;
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private next(): void {
    if (this.stopped || this.asked !== undefined || this.cancel !== undefined) return;
    const wish = this.wishes.shift();
    if (wish === undefined) return;
    this.asked = wish;
    this.id += 1;
    // What is absent stays absent in JSON.
    this.send(JSON.stringify({ type: 'subscribe', ...wish, maxRate: this.maxRate, id: this.id }));
  }
}
