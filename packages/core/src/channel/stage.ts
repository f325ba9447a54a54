import type { PublicationFrame } from '@thrum/protocol';
import { SharedFrame } from '../connection/encode.ts';
import { FrameRun } from '../connection/frame-run.ts';
import type { Parts } from '../parts.ts';
import type { Subscription, Waits } from './subscription.ts';

interface Waiting {
  readonly frame: SharedFrame;
  /** Among all that the stage was given. */
  readonly order: number;
  /** Its offset; of a transient one, its number among those. */
  readonly place: number;
}

/**
 * What waits for the subscribers of one channel that are sent to at one rate: of each key the newest, in the order in which
 * it was published (PROTOCOL.md §19). One batch for all of them, so that it is encoded once.
 */
export class Stage implements Waits {
  readonly every: number;
  private readonly parts: Pick<Parts, 'limits' | 'metrics'>;
  /** Each with the order of the last publication that is not for it: it came before. */
  private readonly members = new Map<Subscription, number>();
  /** A map keeps the order in which its entries were set. Without a key: by number, which no key is. */
  private readonly waiting = new Map<string | number, Waiting>();
  /** What {@link batch} made, as long as nothing else waits: many may leave at once. */
  private made: Batch | undefined;
  private order = 0;
  private transients = 0;
  /** The places before the first that waits, or that gave way. */
  private before: { readonly transient: number; offset: number | undefined } = empty(0);
  /** Monotonic: the next batch goes then, and not before. */
  private openAt = -Infinity;

  constructor(parts: Pick<Parts, 'limits' | 'metrics'>, every: number) {
    this.parts = parts;
    this.every = every;
  }

  get size(): number {
    return this.members.size;
  }

  /** When the next batch goes; absent when nothing waits for it. */
  get dueAt(): number | undefined {
    return this.waiting.size === 0 ? undefined : this.openAt;
  }

  /** Lets a subscription take part in what is published from now on. */
  join(subscription: Subscription): void {
    this.members.set(subscription, this.order);
  }

  /** Sends a subscription what waits for it, and lets it go. */
  leave(subscription: Subscription): void {
    this.settle(subscription);
    this.members.delete(subscription);
  }

  settle(subscription: Subscription): void {
    const after = this.members.get(subscription);
    if (after === undefined || this.waiting.size === 0) return;
    this.made ??= this.batch();
    this.send(subscription, this.made, after);
    this.members.set(subscription, this.order);
  }

  /** Takes a publication, which takes the place of an older one with the same key. */
  take(frame: SharedFrame, key: string | undefined, now: number): void {
    this.made = undefined;
    // What has no bound of its own: rather too early than too much, or lost.
    if (this.waiting.size >= this.parts.limits.conflateKeys) this.release(now);
    const { offset } = frame.frame as PublicationFrame;
    if (offset === undefined) this.transients += 1;
    else this.before.offset ??= offset - 1;
    this.order += 1;
    const name = key ?? this.order;
    // Deleted first: it goes to the end.
    if (this.waiting.delete(name)) this.parts.metrics.conflated += this.members.size;
    this.waiting.set(name, { frame, order: this.order, place: offset ?? this.transients });
  }

  /** Sends the batch, if its time has come. */
  turn(now: number): void {
    if (this.waiting.size > 0 && now >= this.openAt) this.release(now);
  }

  /** Sends the batch. */
  release(now: number): void {
    if (this.waiting.size === 0) return;
    const batch = this.made ?? this.batch();
    this.made = undefined;
    this.waiting.clear();
    this.before = empty(this.transients);
    this.openAt = now + this.every;
    for (const [subscription, after] of this.members) this.send(subscription, batch, after);
  }

  private send(subscription: Subscription, { orders, run }: Batch, after: number): void {
    const { connection } = subscription;
    const first = orders.findIndex((order) => order > after);
    if (first < 0 || !connection.alive) return;
    const rest = first === 0 ? run : new FrameRun(run.frames.slice(first));
    this.parts.metrics.delivered += rest.length;
    connection.publish(rest, subscription);
  }

  /** What waits, each with the number of those right before it that gave way. */
  private batch(): Batch {
    let { transient, offset = 0 } = this.before;
    const waiting = [...this.waiting.values()];
    const frames = waiting.map(({ frame, place }) => {
      const isPlaced = (frame.frame as PublicationFrame).offset !== undefined;
      const conflated = place - (isPlaced ? offset : transient) - 1;
      if (isPlaced) offset = place;
      else transient = place;
      return conflated === 0 ? frame : new SharedFrame({ ...frame.frame, conflated });
    });
    return { run: new FrameRun(frames), orders: waiting.map(({ order }) => order) };
  }
}

/** What goes to all of a stage, and the order of each. */
interface Batch {
  readonly run: FrameRun;
  readonly orders: readonly number[];
}

function empty(transient: number): { readonly transient: number; offset: number | undefined } {
  return { transient, offset: undefined };
}
