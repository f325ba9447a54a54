import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { LoopResult, PublishOptions } from '../process/calls.ts';
import { quantile } from '../report/stats.ts';
import type { Fleet } from './fleet.ts';

/**
 * The closed loop. A publication has landed when as many deliveries have come as there are subscribers; as long as fewer
 * than `inFlight` have not landed, one more is asked for, by one byte on the server's control connection. After the time
 * is up it waits for the rest, so that a server's work before and after it is over when its CPU time is read.
 */
export async function runLoop(fleet: Fleet, options: PublishOptions): Promise<LoopResult> {
  const control = connect({ host: '127.0.0.1', port: options.controlPort, noDelay: true });
  try {
    await fleet.within(
      once(control, 'connect'),
      options.deadlineMs,
      () => 'the control connection, got none',
    );
    return await new Loop(fleet, control, options).run();
  } finally {
    control.destroy();
  }
}

class Loop {
  private readonly fleet: Fleet;
  private readonly control: Socket;
  private readonly options: PublishOptions;
  private readonly landed = Promise.withResolvers<void>();
  private readonly before: {
    readonly delivered: number;
    readonly bytes: number;
    readonly received: number[];
  };
  private published = 0;
  private scheduled = false;
  private start = 0;

  constructor(fleet: Fleet, control: Socket, options: PublishOptions) {
    this.fleet = fleet;
    this.control = control;
    this.options = options;
    const { tally, subscribers } = fleet;
    tally.latencies = [];
    const received = subscribers.map((subscriber) => subscriber.received);
    this.before = { delivered: tally.delivered, bytes: tally.bytes, received };
  }

  async run(): Promise<LoopResult> {
    const { fleet, options } = this;
    const { tally } = fleet;
    const cpuBefore = process.cpuUsage();
    this.start = performance.now();
    // Once per turn of the event loop, after all sockets that had something have been read.
    tally.progress = () => {
      if (this.scheduled) return;
      this.scheduled = true;
      setImmediate(() => this.pump());
    };
    this.pump();
    await fleet.within(this.landed.promise, options.deadlineMs, () => this.expected());
    const seconds = (performance.now() - this.start) / 1000;
    tally.progress = () => {};
    const cpu = process.cpuUsage(cpuBefore);
    this.check();
    return {
      published: this.published,
      deliveries: this.delivered,
      seconds,
      bytes: tally.bytes - this.before.bytes,
      p50: quantile(tally.latencies, 0.5),
      p99: quantile(tally.latencies, 0.99),
      cpu: (cpu.user + cpu.system) / 1e6,
    };
  }

  private get delivered(): number {
    return this.fleet.tally.delivered - this.before.delivered;
  }

  private pump(): void {
    this.scheduled = false;
    const { inFlight, seconds } = this.options;
    const landed = Math.floor(this.delivered / this.fleet.subscribers.length);
    if (performance.now() - this.start < seconds * 1000) {
      const credits = inFlight - (this.published - landed);
      if (credits <= 0) return;
      this.published += credits;
      this.control.write(Buffer.alloc(credits));
    } else if (landed >= this.published) this.landed.resolve();
  }

  /** The total can be right by accident: one delivery lost here, one too many there. */
  private check(): void {
    const wrong = this.fleet.subscribers.findIndex(
      ({ received }, index) => received - (this.before.received[index] ?? 0) !== this.published,
    );
    if (wrong < 0) return;
    const got = (this.fleet.subscribers[wrong]?.received ?? 0) - (this.before.received[wrong] ?? 0);
    throw new Error(`expected ${this.published} publications at subscriber ${wrong}, got ${got}`);
  }

  private expected(): string {
    return `${this.published * this.fleet.subscribers.length} deliveries, got ${this.delivered}`;
  }
}
