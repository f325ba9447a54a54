import { type Deliver, type Draft, type LogPage, Trouble } from '@thrum/core';
import type { PublishOptions, PublishOutcome, ReadOptions } from '@thrum/core';
import { RedisBrokerError } from './errors.ts';
import { Heights } from './heights.ts';
import { type ChannelKeys, createKeys } from './keys.ts';
import { type Common, publishCall, readCall, toOutcomes, toPage, toPublication } from './messages.ts';
import type { Counters, RedisBroker, RedisBrokerOptions, Settings } from './options.ts';
import { type Item, PublishQueue } from './publish-queue.ts';
import { type Life, publishScript, readScript } from './scripts.ts';
import { Session } from './session.ts';
import { createCounters, toSettings } from './settings.ts';
import { Subscriptions } from './subscriptions.ts';

/** How long the epoch of a name is kept that was asked for and never published to. */
const unusedMs = 3_600_000;

/**
 * A broker on Redis 7 or newer, Valkey, or a cluster of either: every node that uses it serves the same channels. What
 * survives which failure is Redis' to promise, and docs/redis.md says how it is set.
 * @throws TypeError for a URL or prefix that cannot work.
 */
export function createRedisBroker(options: RedisBrokerOptions): RedisBroker {
  return new SharedBroker(toSettings(options));
}

class SharedBroker implements RedisBroker {
  readonly durable: boolean;
  readonly ready: Promise<void>;
  readonly stats: Counters = createCounters();
  private readonly settings: Settings;
  private readonly keysOf: (channel: string) => ChannelKeys;
  private readonly session: Session;
  private readonly queue: PublishQueue;
  private readonly subscriptions: Subscriptions;
  private readonly heights = new Heights();
  private readonly anew: Trouble;
  private readonly odd: Trouble;
  private ended: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
    this.durable = settings.durable;
    this.keysOf = createKeys(settings.prefix, settings.database);
    this.anew = new Trouble(settings, {
      failure: 'a channel begins a new epoch: its subscribers are told that something may be missing',
    });
    this.odd = new Trouble(settings, { failure: 'something heard from Redis could not be used' });
    this.session = new Session({
      settings,
      stats: this.stats,
      hear: (message, wakeup) => this.hear(message, wakeup),
      back: () => this.subscriptions.tellMissed(),
    });
    this.ready = this.session.ready;
    this.subscriptions = new Subscriptions({
      wakeupOf: (channel) => this.keysOf(channel).wakeup,
      subscribe: (wakeup) => this.session.subscribe(wakeup),
      unsubscribe: (wakeup) => this.session.unsubscribe(wakeup),
      failed: (what, channel, error) => this.odd.failed({ what, channel }, error),
    });
    this.queue = new PublishQueue({
      settings,
      stats: this.stats,
      write: (channel, items) => this.write(channel, items),
    });
  }

  async publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    this.refuseWhenClosed();
    return this.queue.add(channel, draft, options);
  }

  async read(channel: string, options: ReadOptions): Promise<LogPage> {
    this.refuseWhenClosed();
    return this.readOn(channel, options, '');
  }

  async subscribe(channel: string, deliver: Deliver, missed?: () => void): Promise<() => void> {
    this.refuseWhenClosed();
    return this.subscriptions.add(channel, deliver, missed);
  }

  close(): Promise<void> {
    this.ended ??= this.end();
    return this.ended;
  }

  private refuseWhenClosed(): void {
    if (this.ended !== undefined) throw new RedisBrokerError('closed', 'This broker was closed');
  }

  private async write(channel: string, items: readonly Item[]): Promise<readonly PublishOutcome[]> {
    const before = performance.now();
    const call = publishCall(this.keysOf(channel), this.common(channel), items);
    const { life, outcomes } = toOutcomes(await this.session.run(publishScript, call));
    this.stats.commits += 1;
    this.stats.commitSeconds.add((performance.now() - before) / 1000);
    this.stats.batch.add(items.length);
    this.live(channel, life);
    for (const outcome of outcomes) {
      if (outcome.kind === 'published' && outcome.position !== undefined) {
        this.heights.note(channel, outcome.position);
      }
    }
    return outcomes;
  }

  private async readOn(channel: string, options: ReadOptions, ended: string): Promise<LogPage> {
    const more = { trusts: this.session.trustsRestarts, ended, unusedMs };
    const call = readCall(this.keysOf(channel), this.common(channel), options, more);
    const { life, page } = toPage(channel, await this.session.run(readScript, call));
    this.live(channel, life);
    this.heights.note(channel, page);
    return page;
  }

  private common(channel: string): Common {
    return {
      fresh: this.settings.env.id().slice(0, 8),
      keepMs: this.settings.forgetMs,
      known: this.heights.get(channel),
      send: this.session.send,
    };
  }

  private live(channel: string, life: Life): void {
    if (life === 'same' || life === 'new') return;
    this.stats.epochChanges += 1;
    this.anew.failed({ channel, reason: life }, undefined);
  }

  private hear(message: string, wakeup: string): void {
    const channel = this.subscriptions.channelOf(wakeup);
    if (channel === undefined) return;
    try {
      const publication = toPublication(channel, message);
      if (publication === undefined) {
        this.subscriptions.tellMissed(channel);
        return;
      }
      if (this.subscriptions.deliver(channel, publication)) {
        const { epoch, offset } = publication;
        if (epoch !== undefined && offset !== undefined) this.heights.note(channel, { epoch, offset });
      } else void this.renew(channel, publication.epoch ?? '');
    } catch (error) {
      this.odd.failed({ channel }, error);
    }
  }

  /** Ends an epoch in which one offset stands for two publications. Whoever reads it finds another one. */
  private async renew(channel: string, epoch: string): Promise<void> {
    try {
      await this.readOn(channel, { limit: 0 }, epoch);
    } catch (error) {
      this.odd.failed({ what: 'a log that went back could not be given a new epoch', channel }, error);
    }
    this.subscriptions.tellMissed(channel);
  }

  private async end(): Promise<void> {
    await this.queue.drained();
    await this.session.close();
    this.subscriptions.clear();
    this.anew.close();
    this.odd.close();
    this.stats.state = 'closed';
  }
}
