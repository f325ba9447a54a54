import type { SharedFrame } from '../connection/encode.ts';
import type { Parts } from '../parts.ts';
import type { Cancel } from '../ports/env.ts';
import { type FrameKey, keyOfFrame } from './slow.ts';
import { Stage } from './stage.ts';
import type { Subscription } from './subscription.ts';

/**
 * The subscribers of a channel that are not sent every publication at once (PROTOCOL.md §19): a stage for each rate, of
 * which there are few, and one timer, which runs only while something waits.
 */
export class Conflation {
  private readonly parts: Parts;
  private readonly keyOf: FrameKey;
  private readonly stages = new Map<number, Stage>();
  private timer: { readonly at: number; readonly cancel: Cancel } | undefined;

  constructor(parts: Parts, keyOf: FrameKey) {
    this.parts = parts;
    this.keyOf = keyOf;
  }

  /** How many subscribers there are. */
  get size(): number {
    let size = 0;
    for (const stage of this.stages.values()) size += stage.size;
    return size;
  }

  join(subscription: Subscription): void {
    const { every } = subscription;
    let stage = this.stages.get(every);
    if (stage === undefined) this.stages.set(every, (stage = new Stage(this.parts, every)));
    stage.join(subscription);
    subscription.stage = stage;
  }

  /** Lets a subscription go, behind what waits for it. */
  leave(subscription: Subscription): void {
    const stage = subscription.stage && this.stages.get(subscription.stage.every);
    if (stage === undefined) return;
    subscription.stage = undefined;
    stage.leave(subscription);
    if (stage.size > 0) return;
    this.stages.delete(stage.every);
    this.arm();
  }

  /** Takes publications that came together, in their order. */
  take(frames: readonly SharedFrame[]): void {
    if (this.stages.size === 0) return;
    const now = this.parts.env.monotonic();
    const keyed = frames.map((frame) => [frame, keyOfFrame(this.keyOf, frame, this.parts.log)] as const);
    for (const stage of this.stages.values()) {
      for (const [frame, key] of keyed) stage.take(frame, key, now);
      stage.turn(now);
    }
    this.arm();
  }

  /** Sends all that waits: what comes next is of another log. */
  flush(): void {
    const now = this.parts.env.monotonic();
    for (const stage of this.stages.values()) stage.release(now);
    this.arm();
  }

  end(): void {
    this.stages.clear();
    this.arm();
  }

  /** Has the timer fire when the first batch is due, or not at all. */
  private arm(): void {
    let next: number | undefined;
    for (const { dueAt } of this.stages.values()) {
      if (dueAt !== undefined && (next === undefined || dueAt < next)) next = dueAt;
    }
    if (this.timer?.at === next) return;
    this.timer?.cancel();
    this.timer =
      next === undefined
        ? undefined
        : { at: next, cancel: this.parts.env.timer(next - this.parts.env.monotonic(), () => this.turn()) };
  }

  private turn(): void {
    this.timer = undefined;
    const now = this.parts.env.monotonic();
    for (const stage of this.stages.values()) stage.turn(now);
    this.arm();
  }
}
