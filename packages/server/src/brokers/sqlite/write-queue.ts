import type { Draft, PublishOptions, PublishOutcome } from '@thrum/core';
import type { Publication } from '@thrum/protocol';
import { placed } from '../placed.ts';
import { SqliteBrokerError, toBrokerError } from './errors.ts';
import { outcomes, type WriteOutcome, type WriteRow } from './messages.ts';
import type { Counters, Settings } from './options.ts';

interface Waiting {
  readonly channel: string;
  readonly draft: Draft;
  /** Undefined: there is nothing to write, it only waits for its turn. */
  readonly row: WriteRow | undefined;
  readonly size: number;
  readonly resolve: (outcome: PublishOutcome) => void;
  readonly reject: (error: Error) => void;
}

export interface WriteQueueOptions {
  readonly settings: Settings;
  readonly stats: Counters;
  readonly write: (rows: readonly WriteRow[]) => Promise<readonly WriteOutcome[]>;
  readonly notify: (channel: string, publication: Publication) => void;
}

/**
 * Group commit: what arrives while one transaction is on its way is the next one, so a slow disk makes larger groups and
 * not a longer queue. One is on its way at a time, and its notifications and answers leave in order before the next
 * begins (laws 2, 3 and 5 of the Broker).
 */
export class WriteQueue {
  private readonly options: WriteQueueOptions;
  /** Those before `taken` are on their way or done. */
  private waiting: Waiting[] = [];
  /** How many of a channel wait or are on their way. */
  private readonly perChannel = new Map<string, number>();
  private running: Promise<void> | undefined;

  constructor(options: WriteQueueOptions) {
    this.options = options;
  }

  /** Whether a publication without place would overtake one of its channel. */
  holds(channel: string): boolean {
    return this.perChannel.has(channel);
  }

  add(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    const { settings, stats } = this.options;
    const row = toRow(channel, draft, options);
    const size = row?.[2]?.length ?? 0;
    if (stats.pending >= settings.maxPending || stats.pendingSize + size > settings.maxPendingSize) {
      stats.failed += 1;
      const message = `${stats.pending} publications wait for the disk, and that is the most; nothing was written`;
      return Promise.reject(new SqliteBrokerError('overloaded', message, { after: this.untilEmpty() }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>();
    this.waiting.push({ channel, draft, row, size, resolve, reject });
    stats.pendingSize += size;
    stats.pending += 1;
    this.perChannel.set(channel, (this.perChannel.get(channel) ?? 0) + 1);
    this.running ??= this.run();
    return promise;
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    const { settings } = this.options;
    // Calls made one after the other in one turn of the event loop belong together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      if (settings.groupMs > 0) {
        await new Promise<void>((resolve) => void settings.env.timer(settings.groupMs, resolve));
      }
      await this.commit(this.take());
    }
    this.running = undefined;
  }

  private take(): Waiting[] {
    const { maxBatch, maxBatchSize } = this.options.settings;
    let size = 0;
    let count = 0;
    for (const { size: next } of this.waiting) {
      if (count > 0 && (count >= maxBatch || size + next > maxBatchSize)) break;
      size += next;
      count += 1;
    }
    const batch = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    return batch;
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    const { stats, write } = this.options;
    const rows = batch.map(({ row }) => row).filter((row) => row !== undefined);
    let written: readonly WriteOutcome[] | undefined;
    let error: SqliteBrokerError | undefined;
    try {
      written = rows.length === 0 ? [] : await write(rows);
      stats.written += rows.length;
    } catch (cause) {
      error = toBrokerError(cause);
      stats.failed += rows.length;
    }
    let next = 0;
    for (const waiting of batch) {
      this.forget(waiting);
      if (waiting.row === undefined) this.settle(waiting, [outcomes.published, null, null]);
      else if (written === undefined) waiting.reject(error as SqliteBrokerError);
      else this.settle(waiting, written[next++] as WriteOutcome);
    }
  }

  /** Milliseconds that what waits will take at the pace so far; at least 100, at most a minute. */
  private untilEmpty(): number {
    const { pending, batch, commitSeconds } = this.options.stats;
    const perRow = batch.sum === 0 ? 1 : (commitSeconds.sum * 1000) / batch.sum;
    return Math.round(Math.min(60_000, Math.max(100, pending * perRow)));
  }

  private settle({ channel, draft, resolve }: Waiting, [kind, epoch, offset]: WriteOutcome): void {
    if (kind === outcomes.conflict || kind === outcomes.outOfOrder) {
      resolve({ kind: kind === outcomes.conflict ? 'conflict' : 'out-of-order' });
      return;
    }
    const position = epoch === null || offset === null ? undefined : { epoch, offset };
    if (kind === outcomes.published) {
      this.options.notify(channel, position === undefined ? draft : placed(draft, position));
    }
    resolve({
      kind: kind === outcomes.published ? 'published' : 'duplicate',
      ...(position === undefined ? {} : { position }),
    });
  }

  private forget({ channel, size }: Waiting): void {
    this.options.stats.pending -= 1;
    this.options.stats.pendingSize -= size;
    const left = (this.perChannel.get(channel) ?? 1) - 1;
    if (left === 0) this.perChannel.delete(channel);
    else this.perChannel.set(channel, left);
  }
}

function toRow(
  channel: string,
  { event, data, id, from, timestamp }: Draft,
  { retention, idempotency }: PublishOptions,
): WriteRow | undefined {
  if (retention === undefined && idempotency === undefined) return undefined;
  return [
    channel,
    event,
    JSON.stringify(data) ?? null,
    id ?? null,
    from ?? null,
    timestamp,
    retention === undefined ? null : [retention.size, retention.ttl],
    idempotency === undefined
      ? null
      : [idempotency.key, idempotency.fingerprint, idempotency.ttl, idempotency.follows ?? null],
  ];
}
