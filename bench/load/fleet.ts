import type { ConnectOptions } from '../process/calls.ts';
import { Subscriber, type Tally } from './subscriber.ts';
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
    const { peer, port, count, concurrency, deadlineMs } = options;
    let open = 0;
    const one = (index: number): Promise<void> =>
      new Promise((resolve) => {
        const localAddress = `127.0.0.${2 + (index % addresses)}`;
        const target = { host, port, localAddress };
        this.subscribers.push(new Subscriber(wires[peer], target, this.tally, resolve));
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
