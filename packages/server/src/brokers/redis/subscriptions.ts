import type { Deliver } from '@thrum/core';
import type { Position, Publication } from '@thrum/protocol';

interface Subscriber {
  readonly deliver: Deliver;
  readonly missed: (() => void) | undefined;
}

interface Entry {
  readonly channel: string;
  readonly wakeup: string;
  readonly subscribers: Set<Subscriber>;
  isOn: boolean;
  /** Of the last publication with a place that was heard since it was subscribed to. */
  heard: Position | undefined;
  /** Settles when what Redis was told is what is wanted. */
  settling: Promise<void> | undefined;
}

export interface SubscriptionsOptions {
  readonly wakeupOf: (channel: string) => string;
  readonly subscribe: (wakeup: string) => Promise<void>;
  readonly unsubscribe: (wakeup: string) => Promise<void>;
  readonly failed: (what: string, channel: string, error: unknown) => void;
}

/** Who listens to what on this node. Redis is told of a channel with its first subscriber, and again with its last. */
export class Subscriptions {
  private readonly options: SubscriptionsOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly byWakeup = new Map<string, Entry>();

  constructor(options: SubscriptionsOptions) {
    this.options = options;
  }

  async add(channel: string, deliver: Deliver, missed: (() => void) | undefined): Promise<() => void> {
    const entry = this.entry(channel);
    const subscriber: Subscriber = { deliver, missed };
    entry.subscribers.add(subscriber);
    const remove = (): void => {
      if (entry.subscribers.delete(subscriber)) this.settle(entry).catch(() => undefined);
    };
    try {
      await this.settle(entry);
      return remove;
    } catch (error) {
      remove();
      throw error;
    }
  }

  channelOf(wakeup: string): string | undefined {
    return this.byWakeup.get(wakeup)?.channel;
  }

  /** False, and nothing is delivered, when a log goes back: Redis tells of each publication once, in order. */
  deliver(channel: string, publication: Publication): boolean {
    const entry = this.entries.get(channel);
    if (entry === undefined) return true;
    const { epoch, offset } = publication;
    if (epoch !== undefined && offset !== undefined) {
      if (entry.heard?.epoch === epoch && offset <= entry.heard.offset) return false;
      entry.heard = { epoch, offset };
    }
    for (const { deliver } of entry.subscribers) this.call(channel, () => deliver(publication));
    return true;
  }

  /** Tells the subscribers of a channel, or of all, that something may have been missed. */
  tellMissed(channel?: string): void {
    const all = channel === undefined ? this.entries.values() : [this.entries.get(channel)];
    for (const entry of all) {
      for (const { missed } of entry?.subscribers ?? []) this.call(entry?.channel ?? '', () => missed?.());
    }
  }

  clear(): void {
    this.entries.clear();
    this.byWakeup.clear();
  }

  private call(channel: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      // The others have been promised theirs.
      this.options.failed('a subscriber failed', channel, error);
    }
  }

  private entry(channel: string): Entry {
    let entry = this.entries.get(channel);
    if (entry === undefined) {
      const wakeup = this.options.wakeupOf(channel);
      entry = { channel, wakeup, subscribers: new Set(), isOn: false, heard: undefined, settling: undefined };
      this.entries.set(channel, entry);
      this.byWakeup.set(wakeup, entry);
    }
    return entry;
  }

  private settle(entry: Entry): Promise<void> {
    entry.settling ??= this.bring(entry);
    return entry.settling;
  }

  /** One step at a time: what is asked for while one is under way is looked at after it. */
  private async bring(entry: Entry): Promise<void> {
    // Until `settling` is set.
    await Promise.resolve();
    try {
      await this.approach(entry);
    } finally {
      // In the same step as the last look at what is wanted.
      entry.settling = undefined;
    }
  }

  private async approach(entry: Entry): Promise<void> {
    while (entry.isOn !== entry.subscribers.size > 0) {
      if (entry.isOn) {
        entry.isOn = false;
        entry.heard = undefined;
        await this.options.unsubscribe(entry.wakeup).catch((error: unknown) => {
          // Heard for nothing until the connection ends: there is nobody to deliver to.
          this.options.failed('a channel could not be unsubscribed from', entry.channel, error);
        });
      } else {
        await this.options.subscribe(entry.wakeup);
        entry.isOn = true;
      }
    }
    if (entry.subscribers.size > 0 || this.entries.get(entry.channel) !== entry) return;
    this.entries.delete(entry.channel);
    this.byWakeup.delete(entry.wakeup);
  }
}
