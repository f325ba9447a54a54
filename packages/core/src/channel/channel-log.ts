import type { Position } from '@thrum/protocol';
import type { Parts } from '../parts.ts';
import type { LogPage, ReadOptions } from '../ports/broker.ts';
import { Recent, type RecentRoom } from './recent.ts';

interface Flight {
  readonly current: Promise<LogPage>;
  next: Promise<LogPage> | undefined;
}

/** A reading of publications that is under way. */
interface Reading {
  readonly options: ReadOptions;
  readonly settled: Promise<unknown>;
}

/**
 * A channel's log, read for thousands who come back at once (PROTOCOL.md §6). What one of them had read is there for the
 * others, but for the position: that is read anew, in a reading that begins after they asked, so that nobody is told of a
 * log that was lost or has grown before they came.
 */
export class ChannelLog {
  readonly recent: Recent;
  private readonly parts: Pick<Parts, 'broker' | 'metrics'>;
  private readonly channel: string;
  /** By what is asked for. */
  private readonly flights = new Map<string, Flight>();
  /** The one that began last. */
  private reading: Reading | undefined;

  constructor(parts: Pick<Parts, 'broker' | 'limits' | 'metrics'>, channel: string, room: RecentRoom) {
    this.parts = parts;
    this.channel = channel;
    this.recent = new Recent(room, parts.limits.historyPage);
  }

  /** Epoch and top, in one step, without publications. */
  head(): Promise<LogPage> {
    return this.share({ limit: 0 });
  }

  /** What follows a position, oldest first. */
  after(since: Position, limit: number): Promise<LogPage> {
    const { recent } = this;
    return this.find(
      { since, limit },
      () => recent.reaches(since.epoch, since.offset),
      (head) => recent.page(head, since.offset, limit),
    );
  }

  /** The newest publications, oldest first. */
  newest(limit: number): Promise<LogPage> {
    const { recent } = this;
    return this.find(
      { limit, reverse: true },
      () => !recent.isEmpty,
      (head) => recent.page(head, Math.max(head.oldest - 1, head.offset - limit), limit),
    );
  }

  private async find(
    options: ReadOptions,
    isKept: () => boolean,
    pageOf: (head: LogPage) => LogPage | undefined,
  ): Promise<LogPage> {
    // It brings what is wanted here too, and only the position will be left to ask for.
    if (!isKept() && brings(this.reading?.options, options)) await this.reading?.settled;
    if (isKept()) {
      const page = pageOf(await this.head());
      if (page !== undefined) {
        this.parts.metrics.pagesShared += 1;
        return page;
      }
    }
    return this.page(options);
  }

  private async page(options: ReadOptions): Promise<LogPage> {
    const reading = this.share(options);
    const own = { options, settled: reading.catch(nothing) };
    this.reading = own;
    try {
      const found = await reading;
      const page =
        options.reverse === true ? { ...found, publications: found.publications.toReversed() } : found;
      this.recent.take(page);
      return page;
    } finally {
      if (this.reading === own) this.reading = undefined;
    }
  }

  /** Who asks while the same is being read shares the next reading: this one may be older than what they know. */
  private share(options: ReadOptions): Promise<LogPage> {
    const { limit, reverse = false, since } = options;
    const key = `${limit} ${reverse} ${since?.offset} ${since?.epoch}`;
    const flight = this.flights.get(key);
    if (flight === undefined) return this.read(key, options);
    flight.next ??= flight.current.then(nothing, nothing).then(() => this.read(key, options));
    return flight.next;
  }

  private read(key: string, options: ReadOptions): Promise<LogPage> {
    const { broker, metrics } = this.parts;
    if (options.limit === 0) metrics.positionsRead += 1;
    else metrics.pagesRead += 1;
    const current = broker.read(this.channel, options);
    const flight: Flight = { current, next: undefined };
    this.flights.set(key, flight);
    const over = (): void => {
      if (flight.next === undefined && this.flights.get(key) === flight) this.flights.delete(key);
    };
    current.then(over, over);
    return current;
  }
}

function brings(reading: ReadOptions | undefined, { since, limit }: ReadOptions): boolean {
  if (reading === undefined || reading.limit < limit || reading.since?.epoch !== since?.epoch) return false;
  return (reading.since?.offset ?? 0) <= (since?.offset ?? 0);
}

function nothing(): void {}
