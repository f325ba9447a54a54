import type { Position, Publication } from '@thrum/protocol';
import type { SharedFrame } from '../connection/encode.ts';
import { FrameRun } from '../connection/frame-run.ts';
import type { Parts } from '../parts.ts';
import type { Held } from '../turn.ts';
import type { AckWindow } from './ack-window.ts';
import { Conflation } from './conflation.ts';
import type { FrameKey } from './slow.ts';
import type { Recent } from './recent.ts';
import type { Subscription } from './subscription.ts';

/** So many go out at once at most: a turn may be long, and what it publishes should not all be held to its end. */
const longestRun = 256;

/** The channel, as far as its fan-out knows it. */
export interface FanOutChannel {
  readonly rules: { readonly keyOf: FrameKey };
  readonly live: ReadonlySet<Subscription>;
  pause(subscription: Subscription, position: Position): void;
}

/**
 * Publications on their way to all live subscriptions of a channel: those of one turn of the event loop go out as one run,
 * encoded and joined once for everybody. Who is not sent everything at once is sent to by the `Conflation`.
 */
export class FanOut implements Held {
  private readonly parts: Parts;
  private readonly channel: FanOutChannel;
  private readonly recent: Recent;
  private publications: Publication[] = [];
  private frames: SharedFrame[] = [];
  /** Made for the first that is not sent everything at once. */
  private conflation: Conflation | undefined;

  constructor(parts: Parts, channel: FanOutChannel, recent: Recent) {
    this.parts = parts;
    this.channel = channel;
    this.recent = recent;
  }

  /** A subscription is live from now on. */
  join(subscription: Subscription): void {
    if (subscription.every === 0) return;
    this.conflation ??= new Conflation(this.parts, this.channel.rules.keyOf);
    this.conflation.join(subscription);
  }

  /** Sends a subscription what waits for its rate, and lets it go. */
  leave(subscription: Subscription): void {
    this.conflation?.leave(subscription);
  }

  end(): void {
    this.conflation?.end();
  }

  add(publication: Publication, frame: SharedFrame): void {
    this.publications.push(publication);
    const count = this.frames.push(frame);
    if (count === longestRun) this.flush();
    else if (count === 1) this.parts.turn.hold(this);
  }

  flush(isLast = false): void {
    const { frames, publications } = this;
    if (frames.length === 0) return;
    this.frames = [];
    this.publications = [];
    const run = new FrameRun(frames);
    const { live } = this.channel;
    const { metrics } = this.parts;
    this.conflation?.take(frames);
    for (const subscription of live) {
      const { acks, connection, stage } = subscription;
      if (stage !== undefined) continue;
      if (acks !== undefined) {
        this.confirmable(subscription, acks, run, publications);
        continue;
      }
      metrics.delivered += run.length;
      connection.publish(run, subscription, isLast);
    }
    // What was left out for everybody is not encoded for the sake of those who may come back.
    if (live.size > 0 && live.size === this.conflation?.size) return;
    // Only now: keeping weighs a frame, and whoever it went to has said in which form it is made.
    this.recent.keep(publications, frames);
  }

  /** Sends what waits for a rate as well. */
  flushAll(): void {
    this.flush();
    this.conflation?.flush();
  }

  /** To a subscriber that confirms, as many as its window has room for (PROTOCOL.md §7). */
  private confirmable(
    subscription: Subscription,
    acks: AckWindow,
    run: FrameRun,
    publications: readonly Publication[],
  ): void {
    const { env, limits, metrics } = this.parts;
    const dueAt = env.monotonic() + limits.redeliverySeconds * 1000;
    for (const [index, publication] of publications.entries()) {
      const { epoch, offset } = publication;
      if (acks.room === 0 && epoch !== undefined && offset !== undefined) {
        this.channel.pause(subscription, { epoch, offset: offset - 1 });
        return;
      }
      const one = run.at(index);
      metrics.delivered += 1;
      subscription.connection.publish(one, subscription);
      acks.sent(publication, one.frames[0]?.byteLength ?? 0, dueAt);
    }
  }
}
