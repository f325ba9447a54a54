import { createMemoryBroker } from '@thrum/core';
import type {
  Broker,
  Deliver,
  Draft,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '@thrum/core';
import { Part, SimEnv } from '../clock.ts';
import type { Stage } from './stage.ts';

interface Pending {
  readonly channel: string;
  readonly draft: Draft;
  readonly options: PublishOptions;
  readonly resolve: (outcome: Promise<PublishOutcome>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The machine with the log: the real memory broker behind a write cache. With `fsyncMs` nothing is seen, numbered or
 * acknowledged before it is on the disk, so a crash takes with it only what nobody was told of (the broker's law 3), and
 * the epoch may stay. Without, a crash loses everything and the next life has another epoch (law 7).
 */
export class SimLog {
  readonly durable: boolean;
  /** Does it right after the next read was served: where a reader that looks twice sees two logs. */
  wipeAfterRead = false;
  private readonly stage: Stage;
  private readonly fsyncMs: number | undefined;
  private readonly channels = new Map<string, Set<Deliver>>();
  private pending: Pending[] = [];
  private part: Part;
  private env!: SimEnv;
  private memory: Broker;
  private lives = 0;

  constructor(stage: Stage, fsyncMs: number | undefined) {
    this.stage = stage;
    this.fsyncMs = fsyncMs;
    this.durable = fsyncMs !== undefined;
    this.part = new Part('log');
    this.memory = this.begin('start');
  }

  publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    this.watch(channel);
    if (this.fsyncMs === undefined) return this.memory.publish(channel, draft, options);
    return new Promise((resolve, reject) => {
      this.pending.push({ channel, draft, options, resolve, reject });
      // Group commit: one flush takes everything that came meanwhile.
      if (this.pending.length === 1)
        this.stage.clock.after(this.stage.chance.between(0.5, this.fsyncMs ?? 1), this.part, () =>
          this.commit(),
        );
    });
  }

  read(channel: string, options: ReadOptions): Promise<LogPage> {
    this.watch(channel);
    const page = this.memory.read(channel, options);
    if (this.wipeAfterRead) this.lose('wipe');
    return page;
  }

  subscribe(channel: string, deliver: Deliver): () => void {
    const listeners = this.watch(channel);
    listeners.add(deliver);
    return () => void listeners.delete(deliver);
  }

  /** Power loss: what was not flushed is gone, and so is everything if there is no disk. */
  crash(): void {
    const lost = this.pending;
    this.pending = [];
    this.part.alive = false;
    this.part = new Part('log');
    for (const { reject } of lost) reject(new Error('the log is gone: the outcome is unknown'));
    if (this.durable) this.stage.record({ k: 'fault', fault: 'log-crash' });
    else this.lose('crash');
  }

  lose(why: 'wipe' | 'crash'): void {
    this.wipeAfterRead = false;
    void this.memory.close();
    this.memory = this.begin(why);
    for (const channel of this.channels.keys()) this.listen(channel);
  }

  /** The wall clock of its machine is set. */
  set skew(ms: number) {
    this.env.skew = ms;
  }

  /** What is kept now. */
  look(channel: string): Promise<LogPage> {
    return this.memory.read(channel, { limit: 0 });
  }

  private commit(): void {
    const batch = this.pending;
    this.pending = [];
    for (const { channel, draft, options, resolve } of batch)
      resolve(this.memory.publish(channel, draft, options));
  }

  private begin(why: 'start' | 'wipe' | 'crash'): Broker {
    this.lives += 1;
    const skew = this.lives === 1 ? 0 : this.env.skew;
    this.env = new SimEnv(
      this.stage.clock,
      new Part('log-timers'),
      this.stage.chance.fork(`log${this.lives}`),
    );
    this.env.skew = skew;
    const memory = createMemoryBroker(this.env);
    // The look resolves in the same step, before anything can be appended.
    void memory
      .read('thrum-sim', { limit: 0 })
      .then(({ epoch }) => this.stage.record({ k: 'log', epoch, why }));
    return memory;
  }

  private watch(channel: string): Set<Deliver> {
    let listeners = this.channels.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.channels.set(channel, listeners);
      this.listen(channel);
    }
    return listeners;
  }

  private listen(channel: string): void {
    const { memory } = this;
    void memory.subscribe(channel, (publication) => {
      const { data, epoch, offset, from } = publication;
      this.stage.record({
        k: 'append',
        channel,
        v: (data as { v: string }).v,
        ...(epoch === undefined || offset === undefined ? {} : { at: { epoch, offset } }),
        ...(from === undefined ? {} : { from }),
      });
      for (const deliver of this.channels.get(channel) ?? []) deliver(publication);
    });
  }
}
