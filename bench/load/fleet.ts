import type { ConnectOptions, RecoverOptions, RecoverResult } from '../process/calls.ts';
import { quantile } from '../report/stats.ts';
import { Returner } from './returner.ts';
import { Subscriber, type Tally, type Target } from './subscriber.ts';
import { wires } from './wire.ts';

const host = '127.0.0.1';
/** Source addresses: one has 28,000 ports, and those of the last rounds are not all free again. */
const addresses = 8;

/** A prime, so that the samples do not always meet the same subscribers. */
const sampleEvery = 61;

/** All connections of one load process. */
export class Fleet {
  readonly subscribers: Subscriber[] = [];
  readonly tally: Tally = {
    delivered: 0,
    bytes: 0,
    sampleEvery,
    latencies: [],
    progress: () => {},
    failed: (error) => this.fail(error),
  };
  private failure: Error | undefined;
  private failing: ((error: Error) => void) | undefined;

  /** Opens connections, some at a time. @throws Error when they are not open by the deadline. */
  async connect(options: ConnectOptions): Promise<void> {
    const wire = wires[options.peer];
    await this.open(options, (target, opened) => new Subscriber(wire, target, this.tally, opened));
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
    for (const subscriber of this.subscribers) subscriber.count();
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
