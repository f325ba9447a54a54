import type {
  Broker,
  Deliver,
  Draft,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '../../src/index.ts';

/** What the log really held: one entry for each publication that was ever appended. */
export interface Appended {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly draft: Draft;
}

interface Listener {
  readonly channel: string;
  readonly deliver: Deliver;
  stop: () => void;
}

/**
 * A broker whose network and disk misbehave when a test says so: notifications are lost or late (never reordered, law 5),
 * calls fail or hang, the log is lost. What it appended stays on record.
 */
export class FaultyBroker implements Broker {
  readonly durable: boolean = false;
  readonly appended: Appended[] = [];
  reads = 0;
  /** Which notifications never arrive. */
  loses: (offset: number | undefined) => boolean = () => false;
  failingReads = 0;
  failingPublishes = 0;
  failingSubscribes = 0;
  private readonly create: () => Broker;
  private readonly listeners = new Set<Listener>();
  private inner: Broker;
  private late: (() => void)[] | undefined;
  private gate: Promise<void> | undefined;
  private stall: Promise<void> | undefined;

  constructor(create: () => Broker) {
    this.create = create;
    this.inner = create();
  }

  get subscribers(): number {
    return this.listeners.size;
  }

  async publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    if (this.failingPublishes > 0) {
      this.failingPublishes -= 1;
      throw new Error('the disk is full');
    }
    await this.stall;
    const outcome = await this.inner.publish(channel, draft, options);
    if (outcome.kind === 'published' && outcome.position !== undefined) {
      this.appended.push({ channel, draft, ...outcome.position });
    }
    return outcome;
  }

  async read(channel: string, options: ReadOptions): Promise<LogPage> {
    this.reads += 1;
    await this.gate;
    if (this.failingReads > 0) {
      this.failingReads -= 1;
      throw new Error('the disk cannot be read');
    }
    return this.inner.read(channel, options);
  }

  async subscribe(channel: string, deliver: Deliver): Promise<() => void> {
    await this.gate;
    if (this.failingSubscribes > 0) {
      this.failingSubscribes -= 1;
      throw new Error('the network is down');
    }
    const listener: Listener = { channel, deliver, stop: () => {} };
    this.listeners.add(listener);
    await this.listen(listener);
    return () => {
      this.listeners.delete(listener);
      listener.stop();
    };
  }

  close(): void {
    void this.inner.close();
  }

  /** Reads and subscriptions wait until the returned function is called. */
  hold(): () => void {
    let open = (): void => {};
    this.gate = new Promise((resolve) => (open = resolve));
    return () => {
      this.gate = undefined;
      open();
    };
  }

  /** Appends wait until the returned function is called. */
  holdPublishes(): () => void {
    let open = (): void => {};
    this.stall = new Promise((resolve) => (open = resolve));
    return () => {
      this.stall = undefined;
      open();
    };
  }

  /** Notifications wait, in order, until the returned function is called. */
  delay(): () => void {
    this.late ??= [];
    return () => {
      const waiting = this.late ?? [];
      this.late = undefined;
      for (const notify of waiting) notify();
    };
  }

  /** Loses every log: the next life of each has another epoch. */
  async wipe(): Promise<void> {
    void this.inner.close();
    this.inner = this.create();
    for (const listener of this.listeners) await this.listen(listener);
  }

  private async listen(listener: Listener): Promise<void> {
    const { inner } = this;
    listener.stop = await inner.subscribe(listener.channel, (publication) => {
      if (this.inner !== inner || this.loses(publication.offset)) return;
      if (this.late === undefined) listener.deliver(publication);
      else this.late.push(() => listener.deliver(publication));
    });
  }
}
