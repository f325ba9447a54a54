import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectOptions, RecoverOptions, RecoverResult } from '../process/calls.ts';
import { quantile } from '../report/stats.ts';
import { Returner } from './returner.ts';
import { channelsOf } from '../shape.ts';
import { Subscriber, type Tally, type Target } from './subscriber.ts';
import { wireOf } from './wire.ts';

const host = '127.0.0.1';
/** Source addresses: one has 28,000 ports, and those of the last rounds are not all free again. */
const addresses = 8;

/** What a connection that is given up needs at most to hear of it, once it reads again. */
const thawMs = 2000;

/** All connections of one load process. */
export class Fleet {
  readonly subscribers: Subscriber[] = [];
  readonly tally: Tally = {
    delivered: 0,
    reached: [],
    bytes: 0,
    sampleEvery: 1,
    latencies: [],
    progress: () => {},
    failed: (error) => this.fail(error),
  };
  private settleMs: number | undefined;
  private failure: Error | undefined;
  private failing: ((error: Error) => void) | undefined;

  /** Opens connections, some at a time. @throws Error when they are not open by the deadline. */
  async connect(options: ConnectOptions): Promise<void> {
    const { shape } = options;
    const wire = wireOf(options.wire);
    await this.open(options, (target, opened) => {
      const channels = channelsOf(shape, this.subscribers.length);
      return new Subscriber(wire, channels, target, this.tally, opened);
    });
    this.settleMs = wire.settleMs;
  }

  /** Opens connections that ask for what they missed as soon as they are open; each must get exactly that, in order. */
  async recover(options: RecoverOptions): Promise<RecoverResult> {
    const { count, deadlineMs, missed } = options;
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const returners: Returner[] = [];
    const all = Promise.withResolvers<void>();
    let caughtUp = 0;
    const done = (): void => {
      caughtUp += 1;
      if (caughtUp === count) all.resolve();
    };
    await this.open(options, (target, opened) => {
      const ask = (): void => {
        opened();
        void returner.subscribe();
      };
      const returner = new Returner(target, this.tally, missed, ask, done);
      returners.push(returner);
      return returner;
    });
    await this.within(all.promise, deadlineMs, () => `${count} that are caught up, got ${caughtUp}`);
    const cpu = process.cpuUsage(cpuBefore);
    const seconds = returners.map(({ caughtUpAt = Number.NaN }) => (caughtUpAt - start) / 1000);
    return {
      first: quantile(seconds, 0),
      median: quantile(seconds, 0.5),
      last: quantile(seconds, 1),
      cpu: (cpu.user + cpu.system) / 1e6,
    };
  }

  private async open(
    { port, count, concurrency, deadlineMs }: ConnectOptions,
    make: (target: Target, opened: () => void) => Subscriber,
  ): Promise<void> {
    let open = 0;
    const one = (index: number): Promise<void> =>
      new Promise((resolve) => {
        const localAddress = `127.0.0.${2 + (index % addresses)}`;
        this.subscribers.push(make({ host, port, localAddress }, resolve));
      });
    // All of them take from one iterator, so that there are always `concurrency` under way.
    const indices = Array.from({ length: count }).keys();
    const several = async (): Promise<void> => {
      for (const index of indices) {
        if (this.failure !== undefined) return;
        await one(index);
        open += 1;
      }
    };
    const all = Promise.all(Array.from({ length: concurrency }, several));
    await this.within(all, deadlineMs, () => `${count} open connections, got ${open}`);
  }

  async subscribe(deadlineMs: number): Promise<void> {
    const { length } = this.subscribers;
    let done = 0;
    const all = this.subscribers.map((subscriber) => subscriber.subscribe().then(() => (done += 1)));
    await this.within(Promise.all(all), deadlineMs, () => `${length} subscriptions, got ${done}`);
    if (this.settleMs !== undefined) await sleep(this.settleMs);
    for (const subscriber of this.subscribers) subscriber.count();
  }

  /** The first one takes the ballast besides, and counts for nothing else. */
  async weigh(deadlineMs: number): Promise<void> {
    const [first] = this.subscribers;
    if (first === undefined) throw new Error('expected a subscriber, got none');
    await this.within(first.weigh(), deadlineMs, () => 'a subscription to the ballast');
  }

  /** The first one reads no more. */
  freeze(): void {
    this.subscribers[0]?.freeze();
  }

  /** The frozen one reads again; whether the server had given it up. */
  async thaw(): Promise<boolean> {
    const [frozen] = this.subscribers;
    if (frozen?.apart !== true) throw new Error('expected a subscriber that was frozen, got none');
    frozen.thaw();
    return Promise.race([frozen.ended.promise.then(() => true), sleep(thawMs, false)]);
  }

  close(): void {
    for (const subscriber of this.subscribers) subscriber.close();
    this.subscribers.length = 0;
  }

  /** `work`, or an error for a connection that failed meanwhile or before, or for the end of the time. */
  async within<T>(work: Promise<T>, deadlineMs: number, expected: () => string): Promise<T> {
    const { promise: trouble, reject } = Promise.withResolvers<never>();
    this.failing = reject;
    if (this.failure !== undefined) reject(this.failure);
    const late = (): void => reject(new Error(`expected ${expected()} after ${deadlineMs / 1000} s`));
    const timer = setTimeout(late, deadlineMs);
    try {
      return await Promise.race([work, trouble]);
    } finally {
      clearTimeout(timer);
      this.failing = undefined;
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.failing?.(this.failure);
  }
}
