import type { LogPage, ReadOptions } from '@thrum/core';
import type { Publication } from '@thrum/protocol';
import { placed } from '../placed.ts';
import { SqliteBrokerError, toBrokerError } from './errors.ts';
import type { ReadAnswer, ReadQuery } from './messages.ts';

interface Waiting {
  readonly query: ReadQuery;
  /** A log that is damaged again after it was repaired is not readable now. */
  tries: number;
  readonly promise: Promise<LogPage>;
  readonly resolve: (page: LogPage) => void;
  readonly reject: (error: Error) => void;
}

const atOnce = 32;
const maxTries = 3;

export interface ReadQueueOptions {
  readonly read: (queries: readonly ReadQuery[]) => Promise<readonly ReadAnswer[]>;
  /** Gives a damaged channel a new epoch. */
  readonly repair: (channel: string) => Promise<void>;
}

/** Readings that wait for the reader's thread. Equal ones that wait together are one: after an outage thousands are. */
export class ReadQueue {
  private readonly options: ReadQueueOptions;
  private readonly waiting = new Map<string, Waiting>();
  private running: Promise<void> | undefined;

  constructor(options: ReadQueueOptions) {
    this.options = options;
  }

  add(channel: string, { since, limit, reverse = false }: ReadOptions): Promise<LogPage> {
    const query: ReadQuery = { channel, since: since?.offset ?? null, limit, reverse };
    const key = JSON.stringify([channel, query.since, limit, reverse]);
    let entry = this.waiting.get(key);
    if (entry === undefined) {
      entry = { query, tries: 0, ...Promise.withResolvers<LogPage>() };
      this.waiting.set(key, entry);
    }
    this.running ??= this.run();
    return entry.promise;
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const batch = [...this.waiting.entries()].slice(0, atOnce);
      for (const [key] of batch) this.waiting.delete(key);
      await this.read(batch.map(([, entry]) => entry));
    }
    this.running = undefined;
  }

  private async read(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.options.read(batch.map(({ query }) => query));
      const damaged: Waiting[] = [];
      for (const [index, entry] of batch.entries()) {
        const answer = answers[index] as ReadAnswer;
        if ('defect' in answer) damaged.push(entry);
        else entry.resolve(toPage(entry.query.channel, answer));
      }
      if (damaged.length > 0) await this.again(damaged);
    } catch (error) {
      for (const { reject } of batch) reject(toBrokerError(error));
    }
  }

  private async again(damaged: readonly Waiting[]): Promise<void> {
    for (const entry of damaged) {
      entry.tries += 1;
      if (entry.tries >= maxTries) {
        entry.reject(
          new SqliteBrokerError('damaged', 'The log of this channel is damaged and was not repaired'),
        );
      } else await this.options.repair(entry.query.channel);
    }
    await this.read(damaged.filter(({ tries }) => tries < maxTries));
  }
}

function toPage(channel: string, answer: Exclude<ReadAnswer, { readonly defect: string }>): LogPage {
  const { epoch, offset, oldest, rows } = answer;
  const publications = rows.map(([offset, event, data, id, from, timestamp]): Publication => {
    const draft = {
      channel,
      event,
      data: data === null ? undefined : (JSON.parse(data) as unknown),
      ...(id === null ? {} : { id }),
      ...(from === null ? {} : { from }),
      timestamp,
    };
    return placed(draft, { epoch, offset });
  });
  return { epoch, offset, oldest, publications };
}
