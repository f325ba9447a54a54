import type { Draft, PublishOptions, PublishOutcome } from '@thrum/core';
import { RedisBrokerError, toRedisError } from './errors.ts';
import type { Counters, Settings } from './options.ts';

/** A publication as the script gets it. */
export interface Item {
  readonly body: string;
  readonly options: PublishOptions;
}

interface Waiting extends Item {
  readonly size: number;
  readonly resolve: (outcome: PublishOutcome) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  waiting: Waiting[];
}

export interface PublishQueueOptions {
  readonly settings: Settings;
  readonly stats: Counters;
  /** Appends and notifies, all in one step and in order. */
  readonly write: (channel: string, items: readonly Item[]) => Promise<readonly PublishOutcome[]>;
}

/**
 * One script of a channel is on its way at a time, with all that came meanwhile in the next: so nothing of a channel
 * overtakes (law 2 of the Broker), also where a command has to be sent again, to a server that does not know the script or
 * to the one a slot has moved to. Channels do not wait for one another.
 */
export class PublishQueue {
  private readonly options: PublishQueueOptions;
  private readonly lanes = new Map<string, Lane>();
  private readonly running = new Set<Promise<void>>();

  constructor(options: PublishQueueOptions) {
    this.options = options;
  }

  add(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    const { settings, stats } = this.options;
    // The channel is in the name of the key.
    const body = JSON.stringify({ ...draft, channel: undefined });
    const size = body.length;
    if (stats.pending >= settings.maxPending || stats.pendingSize + size > settings.maxPendingSize) {
      stats.failed += 1;
      const message = `${stats.pending} publications wait for Redis, and that is the most; nothing was written`;
      return Promise.reject(new RedisBrokerError('overloaded', message, { after: 1000 }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>();
    stats.pending += 1;
    stats.pendingSize += size;
    const waiting: Waiting = { body, size, options, resolve, reject };
    const lane = this.lanes.get(channel);
    if (lane !== undefined) lane.waiting.push(waiting);
    else this.start(channel, { waiting: [waiting] });
    return promise;
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private start(channel: string, lane: Lane): void {
    this.lanes.set(channel, lane);
    const run = this.run(channel, lane).finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async run(channel: string, lane: Lane): Promise<void> {
    // Calls made one after the other in one turn of the event loop belong together.
    await Promise.resolve();
    while (lane.waiting.length > 0) await this.write(channel, this.take(lane));
    this.lanes.delete(channel);
  }

  private take(lane: Lane): Waiting[] {
    const { maxBatch, maxBatchSize } = this.options.settings;
    let size = 0;
    let count = 0;
    for (const { size: next } of lane.waiting) {
      if (count > 0 && (count >= maxBatch || size + next > maxBatchSize)) break;
      size += next;
      count += 1;
    }
    const batch = lane.waiting.slice(0, count);
    lane.waiting = lane.waiting.slice(count);
    return batch;
  }

  private async write(channel: string, batch: readonly Waiting[]): Promise<void> {
    const { stats, write } = this.options;
    const counted = batch.filter(isCounted).length;
    let outcomes: readonly PublishOutcome[] | undefined;
    let failure: Error | undefined;
    try {
      outcomes = await write(channel, batch);
      stats.written += counted;
    } catch (error) {
      failure = toRedisError(error);
      stats.failed += counted;
    }
    for (const [index, { size, resolve, reject }] of batch.entries()) {
      stats.pending -= 1;
      stats.pendingSize -= size;
      const outcome = outcomes?.[index];
      if (outcome === undefined)
        reject(failure ?? new RedisBrokerError('unavailable', 'Redis gave no answer'));
      else resolve(outcome);
    }
  }
}

function isCounted({ options: { retention, idempotency } }: Item): boolean {
  return retention !== undefined || idempotency !== undefined;
}
