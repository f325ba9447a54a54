import type { Env, Log, Store } from '@thrum/core';
import type { WebhookEvent } from './payloads.ts';
import { QuietLog } from './quiet-log.ts';

/** Events that go out in one request, with one id for every try. */
export interface Batch {
  /** Their order. */
  readonly number: number;
  /** Where in the store it lies. */
  readonly slot: number;
  readonly id: string;
  readonly events: number;
  /** How many its body says were given up before it. */
  readonly dropped: number;
  /** Monotonic: when it began. */
  readonly since: number;
  readonly body: Buffer;
}

/** A batch as it lies in the store. */
interface Stored {
  readonly number: number;
  readonly id: string;
  readonly events: number;
  readonly dropped: number;
  /** Wall clock, milliseconds. */
  readonly createdAt: number;
  readonly body: string;
}

/** The batch that still grows. */
interface Open {
  readonly number: number;
  readonly slot: number;
  readonly id: string;
  readonly since: number;
  /** What its body says was given up before it. */
  readonly dropped: number;
  readonly events: WebhookEvent[];
  /** How many of them are on disk. */
  stored: number;
}

export interface BatchesOptions {
  readonly env: Env;
  readonly log: Log;
  /** Absent, or not durable: batches end with the process. */
  readonly store: Store | undefined;
  /** Names the process in each body, and keeps its batches apart from those of others on the same store. */
  readonly node: string | undefined;
  /** Most events of one batch. */
  readonly batchEvents: number;
  /** Most events in all. */
  readonly pendingEvents: number;
}

/** A store has no list of its keys, so there is a fixed set of them. */
const slots = 256;

/**
 * Events that were not delivered yet, as batches in order. The last one is open: it takes further events until it is
 * full or {@link take}n, and from then on neither its id nor its body change, restarts included.
 */
export class Batches {
  private readonly options: BatchesOptions;
  private readonly namespace: string;
  private readonly disk: Store | undefined;
  private readonly quiet: QuietLog;
  private readonly sealed: Batch[] = [];
  private readonly free = new Set(Array.from({ length: slots }, (_, slot) => slot));
  private open: Open | undefined;
  private next = 1;
  private pending = 0;
  private dropped = 0;
  /** The batch that somebody is sending: it is not given up under their hands. */
  private taken: Batch | undefined;
  private saving: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: BatchesOptions) {
    const { env, log, node, store } = options;
    this.options = options;
    this.quiet = new QuietLog(log, env);
    this.disk = store?.durable === true ? store : undefined;
    this.namespace = node === undefined ? 'webhooks' : `webhooks:${node}`;
  }

  /** How many events wait. */
  get size(): number {
    return this.pending + (this.open?.events.length ?? 0);
  }

  /** Whether there is more than what may still grow. */
  get hasSealed(): boolean {
    return this.sealed.length > 0;
  }

  /** Takes up what an earlier process did not deliver. */
  async load(): Promise<void> {
    const { disk, options } = this;
    if (disk === undefined) return;
    const { env } = options;
    const found = await Promise.all([...this.free].map((slot) => disk.get(this.namespace, keyOf(slot))));
    const stored = found.flatMap((record, slot) =>
      record === undefined ? [] : [{ ...(record.value as Stored), slot }],
    );
    for (const { body, createdAt, ...rest } of stored.toSorted((a, b) => a.number - b.number)) {
      const age = Math.max(0, env.now() - createdAt);
      this.sealed.push({ ...rest, since: env.monotonic() - age, body: Buffer.from(body) });
      this.free.delete(rest.slot);
      this.pending += rest.events;
      this.next = rest.number + 1;
    }
    if (stored.length > 0)
      options.log.info('webhook events of an earlier run wait', { events: this.pending });
    this.bound();
  }

  add(event: WebhookEvent): void {
    this.open ??= this.begin();
    this.open.events.push(event);
    if (this.open.events.length >= this.options.batchEvents) this.close();
    this.bound();
  }

  /** Puts what is open on disk as far as it has come. Resolves when everything until now is as safe as the store is. */
  save(): Promise<void> {
    const { disk, open } = this;
    if (disk !== undefined && open !== undefined && open.stored < open.events.length) {
      open.stored = open.events.length;
      this.put(this.render(open));
    }
    return this.saving;
  }

  /** The oldest batch, for sending: from now on neither its id nor its body change. */
  take(): Batch | undefined {
    if (this.sealed.length === 0) this.close();
    [this.taken] = this.sealed;
    return this.taken;
  }

  /** It is not being sent any more, and may have to give way. */
  release(): void {
    this.taken = undefined;
  }

  remove(batch: Batch): void {
    const index = this.sealed.indexOf(batch);
    if (index < 0) return;
    this.sealed.splice(index, 1);
    this.pending -= batch.events;
    this.free.add(batch.slot);
    this.work((disk) => disk.delete(this.namespace, keyOf(batch.slot)));
  }

  /** Removes it for good; the next batch that begins says how many events are missing. */
  giveUp(batch: Batch, reason: string): void {
    // With what it would have told of others.
    this.dropped += batch.events + batch.dropped;
    this.options.log.error('webhook events were given up', { id: batch.id, events: batch.events, reason });
    this.remove(batch);
  }

  /** Nothing is asked of the store any more; resolves when all that was has been done. */
  stop(): Promise<void> {
    this.stopped = true;
    return this.saving;
  }

  private bound(): void {
    // One slot is for the open one.
    while (this.size > this.options.pendingEvents || this.sealed.length >= slots) {
      const oldest = this.sealed.find((batch) => batch !== this.taken);
      if (oldest === undefined) return;
      this.giveUp(oldest, 'too many events wait for delivery');
    }
  }

  private begin(): Open {
    const { env } = this.options;
    const { dropped } = this;
    // There is one: the sealed ones never take all.
    const [slot = 0] = this.free;
    this.free.delete(slot);
    this.dropped = 0;
    const id = `msg_${env.id()}`;
    return { number: this.next++, slot, id, since: env.monotonic(), dropped, events: [], stored: 0 };
  }

  private close(): void {
    const { open } = this;
    if (open === undefined) return;
    this.open = undefined;
    const batch = this.render(open);
    this.sealed.push(batch);
    this.pending += batch.events;
    if (open.stored < open.events.length) this.put(batch);
  }

  private render({ number, slot, id, since, dropped, events }: Open): Batch {
    const { node } = this.options;
    const data = { ...(node === undefined ? {} : { node }), dropped, events };
    const body = JSON.stringify({ type: 'events', timestamp: events[0]?.timestamp, data });
    return { number, slot, id, since, dropped, events: events.length, body: Buffer.from(body) };
  }

  private put({ number, slot, id, events, dropped, since, body }: Batch): void {
    const { env } = this.options;
    const createdAt = env.now() - (env.monotonic() - since);
    const stored: Stored = { number, id, events, dropped, createdAt, body: body.toString('utf8') };
    // Without a ttl: what is too old is given up by whoever sends, who says so.
    this.work((disk) => disk.put(this.namespace, keyOf(slot), stored));
  }

  private work(ask: (disk: Store) => Promise<unknown>): void {
    const { disk, quiet } = this;
    if (disk === undefined || this.stopped) return;
    const asked = ask(disk).catch((error: unknown) =>
      quiet.warn('webhook events could not be stored and may not survive a restart', {}, error),
    );
    this.saving = Promise.all([this.saving, asked]).then(() => undefined);
  }
}

function keyOf(slot: number): string {
  return `batch:${slot}`;
}
