import type { Position, Publication, SubscribedFrame } from '@thrum/protocol';
import { SharedFrame } from '../connection/encode.ts';
import type { Parts } from '../parts.ts';
import type { Cancel } from '../ports/env.ts';
import type { Rules } from './definitions.ts';
import { ChannelLog } from './channel-log.ts';
import { FanOut, type FanOutChannel } from './fan-out.ts';
import { reaches } from './merge.ts';
import type { RecentRoom } from './recent.ts';
import type { Subscription } from './subscription.ts';

const retryAfter = 500;

/**
 * A channel with subscribers on this node. All live subscriptions stand at one place in the log, so a hole is looked for
 * once per publication and not once per subscriber; those that still read the log buffer on their own.
 */
export class LiveChannel implements FanOutChannel {
  readonly name: string;
  readonly rules: Rules;
  readonly live: Set<Subscription> = new Set();
  readonly joining: Set<Subscription> = new Set();
  /** Those whose window is full: they read on from the log once it opens (PROTOCOL.md §7). */
  readonly paused: Set<Subscription> = new Set();
  /** Subscribers that the application's hooks were told of. */
  announced = 0;
  /** Settles when the broker notifies this node of every publication (law 9 of the broker). */
  readonly ready: Promise<void>;
  /** For those that join: what the live ones were sent a moment ago need not be read again. */
  readonly log: ChannelLog;
  private readonly parts: Parts;
  private readonly fanOut: FanOut;
  private stop: (() => void) | undefined;
  private ended = false;
  /** Where the live subscriptions stand; unknown until the first join or publication. */
  private epoch: string | undefined;
  private offset = 0;
  private healing: Promise<void> | undefined;
  /** Something was notified while the log was being read: what was read may be behind it. */
  private stale = false;
  /** Notifications may have been lost while nobody was live: the next who is has to look. */
  private doubtful = false;
  private retry: Cancel | undefined;
  /** Monotonic: when the position is compared with the log next. */
  private checkAt: number;

  constructor(parts: Parts, name: string, rules: Rules, room: RecentRoom) {
    const { env, limits } = parts;
    // The first one comes at any moment of the interval, or channels that were joined together would be checked together.
    this.checkAt = env.monotonic() + env.random() * limits.positionCheckSeconds * 1000;
    this.parts = parts;
    this.name = name;
    this.rules = rules;
    this.log = new ChannelLog(parts, name, room);
    this.fanOut = new FanOut(parts, this, this.log.recent);
    this.ready = this.listen();
  }

  get size(): number {
    return this.live.size + this.joining.size + this.paused.size;
  }

  /** Where the live subscriptions stand, counting what goes out at the end of this turn; once known. */
  get position(): Position | undefined {
    return this.epoch === undefined ? undefined : { epoch: this.epoch, offset: this.offset };
  }

  /** {@link position} for one who is told of it: what lies before it has been sent. */
  settle(): Position | undefined {
    this.fanOut.flush();
    return this.position;
  }

  /** Lets a subscription that stands at `position` (none in an ephemeral channel) take part in what follows. */
  promote(subscription: Subscription, position: Position | undefined): void {
    // What is still to go out lies before its place.
    this.fanOut.flush();
    if (position !== undefined && this.live.size === 0) {
      this.epoch = position.epoch;
      this.offset = position.offset;
    }
    subscription.buffer = undefined;
    this.joining.delete(subscription);
    this.live.add(subscription);
    this.fanOut.join(subscription);
    if (this.doubtful) this.doubt();
  }

  /** Gives a subscription another interval. What waits for it goes first. */
  pace(subscription: Subscription, every: number): void {
    this.release(subscription);
    subscription.every = every;
    if (this.live.has(subscription)) this.fanOut.join(subscription);
  }

  /** Sends what waits for a subscription whose stream ends here. */
  release(subscription: Subscription): void {
    this.fanOut.flush();
    this.fanOut.leave(subscription);
  }

  /** Lets a subscription buffer until its stream has caught up. */
  enter(subscription: Subscription): void {
    // What is still to go out comes from the log, and would come twice; what waits was to be sent before.
    this.fanOut.leave(subscription);
    this.live.delete(subscription);
    this.paused.delete(subscription);
    subscription.paused = undefined;
    this.joining.add(subscription);
    // One that is being joined already keeps what it has buffered.
    subscription.buffer ??= [];
  }

  /** Takes a subscription out of what follows: it has been sent everything up to `position`, and goes on from the log. */
  pause(subscription: Subscription, position: Position): void {
    this.live.delete(subscription);
    this.joining.delete(subscription);
    subscription.buffer = undefined;
    subscription.paused = position;
    this.paused.add(subscription);
    this.parts.metrics.paused += 1;
  }

  delete(subscription: Subscription): void {
    this.release(subscription);
    this.live.delete(subscription);
    this.joining.delete(subscription);
    this.paused.delete(subscription);
  }

  /** Whether one that stands here stands where the live subscriptions do. */
  isAt(epoch: string, offset: number): boolean {
    if (this.healing !== undefined) return false;
    // With nobody live, a place further on is as good; one before what was notified is not.
    if (this.live.size === 0) return epoch !== this.epoch || offset >= this.offset;
    return epoch === this.epoch && offset === this.offset;
  }

  /** Ends the channel on this node; the hub has no subscriber left for it. */
  end(): void {
    this.ended = true;
    this.log.recent.clear();
    this.fanOut.end();
    this.retry?.();
    this.stop?.();
  }

  /** Sends one frame to every subscription that `wants` it, encoded once per codec. */
  broadcast(frame: SharedFrame, wants: (subscription: Subscription) => boolean): void {
    this.fanOut.flush();
    for (const subscriptions of [this.live, this.joining, this.paused]) {
      for (const subscription of subscriptions) {
        if (wants(subscription)) subscription.connection.sendShared(frame);
      }
    }
  }

  /** Called by the broker for each publication, in log order. */
  deliver(publication: Publication): void {
    const { epoch, offset } = publication;
    if (epoch === undefined || offset === undefined) {
      this.fanOut.add(publication, SharedFrame.of(publication));
      return;
    }
    if (this.live.size === 0) {
      this.epoch = epoch;
      this.offset = offset;
    } else if (this.healing !== undefined || epoch !== this.epoch || offset > this.offset + 1) {
      this.stale = true;
      void this.heal();
      return;
    } else if (offset <= this.offset) {
      return;
    }
    this.advance(publication, offset);
  }

  /**
   * Reads on from where the live subscriptions stand until they stand at the top of the log again. Where the log cannot
   * answer, they are told so and go on from its top (PROTOCOL.md §14).
   */
  heal(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.healing ??= this.readOn();
    return this.healing;
  }

  /**
   * Compares where the live subscriptions stand with the top of the log, when that is due: a wake-up that was lost with
   * nothing following it would show in no other way.
   */
  checkPosition(now: number): void {
    if (now < this.checkAt) return;
    this.checkAt = now + this.parts.limits.positionCheckSeconds * 1000;
    this.log.recent.age();
    if (this.rules.retention === undefined || this.live.size === 0) return;
    this.compare().catch((error: unknown) => {
      this.parts.log.warn('the top of a log could not be read', { channel: this.name }, error);
    });
  }

  /** Reads on at once: notifications may have been lost (law 13 of the broker). */
  private doubt(): void {
    if (this.rules.retention === undefined) return;
    this.doubtful = this.live.size === 0;
    this.stale = true;
    void this.heal();
  }

  private async compare(): Promise<void> {
    const before = this.offset;
    const { epoch, offset } = await this.parts.broker.read(this.name, { limit: 0 });
    // Publications may have come while the log answered, so only a top above where we stand by now is news.
    if (epoch !== this.epoch || offset > this.offset || offset < before) await this.heal();
  }

  private async listen(): Promise<void> {
    this.stop = await this.parts.broker.subscribe(
      this.name,
      (publication) => this.deliver(publication),
      () => this.doubt(),
    );
    if (this.ended) this.stop();
  }

  private advance(publication: Publication, offset: number): void {
    this.offset = offset;
    this.fanOut.add(publication, this.log.recent.frameOf(publication));
    for (const { buffer } of this.joining) {
      if (buffer === undefined) continue;
      buffer.push(publication);
      // A log that answers slowly must not pile up memory: a hole at the front only means reading again.
      if (buffer.length > this.parts.limits.historyPage) buffer.shift();
    }
  }

  private async readOn(): Promise<void> {
    try {
      while (!this.ended && ((await this.readPage()) || this.stale)) {
        // There is more, or something was notified meanwhile.
      }
    } catch (error) {
      if (this.ended) return;
      this.parts.log.warn('the log could not be read; trying again', { channel: this.name }, error);
      this.retry?.();
      this.retry = this.parts.env.timer(retryAfter, () => void this.heal());
    } finally {
      // In the same step as the last look at `stale`: what is notified in between would wait for the next publication.
      this.healing = undefined;
    }
  }

  /** Delivers one page from where the live subscriptions stand. True when there may be more. */
  private async readPage(): Promise<boolean> {
    const { epoch, offset } = this;
    this.stale = false;
    if (epoch === undefined) return false;
    const limit = this.parts.limits.historyPage;
    const page = await this.parts.broker.read(this.name, { since: { epoch, offset }, limit });
    const to = offset + page.publications.length;
    const lost = page.offset > offset && page.publications.length === 0;
    if (page.epoch !== epoch || page.offset < to || lost || !reaches(page.publications, offset, to)) {
      this.reset(page.epoch, page.offset);
      return true;
    }
    for (const publication of page.publications) this.advance(publication, publication.offset ?? 0);
    this.parts.metrics.healed += page.publications.length;
    return page.offset > to;
  }

  /** Continuity is lost for everyone who is live: they begin anew at the top. */
  private reset(epoch: string, offset: number): void {
    this.fanOut.flushAll();
    for (const { acks } of this.live) acks?.begin({ epoch, offset });
    this.epoch = epoch;
    this.offset = offset;
    this.parts.metrics.resets += this.live.size;
    const subscribed: SubscribedFrame = {
      type: 'subscribed',
      channel: this.name,
      position: { epoch, offset },
      recovered: false,
    };
    const frames = new Map<number, SharedFrame>();
    for (const subscription of this.live) {
      const { connection, every, granted } = subscription;
      const frame = frames.get(every) ?? new SharedFrame({ ...subscribed, ...granted });
      frames.set(every, frame);
      connection.settle(subscription);
      connection.sendShared(frame);
    }
  }
}
