import type { LoopResult, Pace, PublishOptions } from '../process/calls.ts';
import { now } from '../payload.ts';
import { quantile } from '../report/stats.ts';
import { expectedAt } from '../shape.ts';
import type { Fleet } from './fleet.ts';
import { openPublisher, type Publisher } from './publisher.ts';

/**
 * Asks for publications and counts what comes. A publication has landed when all its
 * subscribers have it. After the time is up it waits for the rest, so that a server's work before and after it is over when its CPU
 * time is read.
 */
export async function runLoop(fleet: Fleet, options: PublishOptions): Promise<LoopResult> {
  const failed = Promise.withResolvers<never>();
  // Whoever waits hears of it; nobody does when it fails between two waits of its own.
  failed.promise.catch(() => {});
  const publisher = await fleet.within(
    openPublisher(options, failed.reject),
    options.deadlineMs,
    () => 'a connection to publish on, got none',
  );
  const loop = new Loop(fleet, publisher, options);
  try {
    return await Promise.race([loop.run(), failed.promise]);
  } finally {
    loop.stop();
    publisher.close();
  }
}

/** When to ask for how many, with the moment each counts from; in nanoseconds. */
type Due = (state: {
  readonly published: number;
  readonly landed: number;
  readonly start: bigint;
  readonly at: bigint;
}) => readonly bigint[];

const never: readonly bigint[] = [];

export function dueBy(pace: Pace): Due {
  if ('inFlight' in pace) {
    const { inFlight } = pace;
    return ({ published, landed, at }) => {
      const credits = inFlight - (published - landed);
      // One stamp for all: they are asked for at one time, and those that must wait for the others have waited.
      return credits > 0 ? Array.from({ length: credits }, () => at) : never;
    };
  }
  const interval = 1e9 / pace.rate;
  return ({ published, start, at }) => {
    const count = Math.floor(Number(at - start) / interval) + 1 - published;
    // From when it should have been asked for: a load that is late itself must not flatter the server.
    const moment = (index: number): bigint => start + BigInt(Math.round((published + index) * interval));
    return count > 0 ? Array.from({ length: count }, (_, index) => moment(index)) : never;
  };
}

class Loop {
  private readonly fleet: Fleet;
  private readonly publisher: Publisher;
  private readonly options: PublishOptions;
  private readonly due: Due;
  /** Deliveries that one publication gives. */
  private readonly receivers: number;
  private readonly landed = Promise.withResolvers<void>();
  private readonly before: {
    readonly delivered: number;
    readonly bytes: number;
  };
  /** How late the load itself was, milliseconds, in an open loop. */
  private readonly late: number[] = [];
  private published = 0;
  private landedCount = 0;
  private ballast = 0;
  private scheduled = false;
  private stopped = false;
  private start = 0n;

  constructor(fleet: Fleet, publisher: Publisher, options: PublishOptions) {
    this.fleet = fleet;
    this.publisher = publisher;
    this.options = options;
    this.due = dueBy(options.pace);
    const { tally, subscribers } = fleet;
    this.receivers = options.shape.subscribers - subscribers.filter(({ apart }) => apart).length;
    tally.latencies = [];
    tally.sampleEvery = options.sampleEvery;
    tally.reached = [];
    for (const subscriber of subscribers) subscriber.received = 0;
    this.before = { delivered: tally.delivered, bytes: tally.bytes };
  }

  async run(): Promise<LoopResult> {
    const { fleet, options } = this;
    const { tally } = fleet;
    const cpuBefore = process.cpuUsage();
    this.start = now();
    // Once per turn of the event loop, after all sockets that had something have been read.
    tally.progress = () => this.schedule();
    this.pump();
    await fleet.within(this.landed.promise, options.deadlineMs, () => this.expected());
    const seconds = Number(now() - this.start) / 1e9;
    const cpu = process.cpuUsage(cpuBefore);
    this.check();
    return {
      published: this.published,
      deliveries: this.delivered,
      seconds,
      bytes: tally.bytes - this.before.bytes,
      p50: quantile(tally.latencies, 0.5),
      p99: quantile(tally.latencies, 0.99),
      p999: quantile(tally.latencies, 0.999),
      sampled: tally.latencies.length,
      late: quantile(this.late, 0.99),
      cpu: (cpu.user + cpu.system) / 1e6,
    };
  }

  stop(): void {
    this.stopped = true;
    this.fleet.tally.progress = () => {};
  }

  private get delivered(): number {
    return this.fleet.tally.delivered - this.before.delivered;
  }

  /**
   * Those that the last of their subscribers has. The sum of deliveries would not do: of four that come joined, one would
   * seem to have landed as soon as a quarter of the subscribers had all four.
   */
  private countLanded(): number {
    if (this.options.shape.subscribers === 1) return this.delivered;
    const { reached } = this.fleet.tally;
    while ((reached[this.landedCount + 1] ?? 0) >= this.receivers) this.landedCount += 1;
    return this.landedCount;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.pump());
  }

  private pump(): void {
    this.scheduled = false;
    if (this.stopped) return;
    const { pace, seconds } = this.options;
    const landed = this.countLanded();
    const at = now();
    const isOpen = Number(at - this.start) < seconds * 1e9;
    if (isOpen) {
      this.ask(at, landed);
      this.weigh(at);
    } else if (landed >= this.published) this.landed.resolve();
    // An open loop has to be there when the time comes, and timers are not that exact: it goes round and round.
    if ('rate' in pace && isOpen) this.schedule();
  }

  private ask(at: bigint, landed: number): void {
    const { published, start } = this;
    const stamps = this.due({ published, landed, start, at });
    if (stamps.length === 0) return;
    for (const stamp of stamps) this.late.push(Number(at - stamp) / 1e6);
    this.published += stamps.length;
    this.publisher.publish(published, stamps);
  }

  private weigh(at: bigint): void {
    const { ballast: rate = 0 } = this.options;
    const due = Math.floor((Number(at - this.start) / 1e9) * rate) - this.ballast;
    if (due <= 0) return;
    this.ballast += due;
    this.publisher.weigh(due);
  }

  /** The total can be right by accident: one delivery lost here, one too many there. */
  private check(): void {
    for (const [index, { received, apart }] of this.fleet.subscribers.entries()) {
      const expected = expectedAt(this.options.shape, index, this.published);
      if (received === expected || apart) continue;
      throw new Error(`expected ${expected} publications at subscriber ${index}, got ${received}`);
    }
  }

  private expected(): string {
    return `${this.published * this.receivers} deliveries, got ${this.delivered}`;
  }
}
