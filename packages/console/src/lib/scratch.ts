import type { Position, Publication } from '@thrum/protocol';
import { explain } from './errors.ts';
import type { Outbox } from './outbox.ts';
import type { RoomStatus } from './ports.ts';
import { Store, type Readable } from './store.ts';

/** The part of the SDK's channel that the console panel uses. */
export interface ScratchChannel {
  onAny(listener: (publication: Publication) => void): () => void;
  onStatus(listener: (status: RoomStatus) => void): () => void;
  publish(
    event: string,
    data: unknown,
  ): Promise<{ readonly position?: Position | undefined; readonly duplicate: boolean; readonly id: string }>;
  dispose(): void;
}

export interface ScratchLine {
  readonly seq: number;
  readonly at: number;
  readonly kind: 'received' | 'sent' | 'status' | 'error';
  readonly channel: string;
  readonly title: string;
  readonly detail: string;
}

export interface ScratchSubscription {
  readonly channel: string;
  readonly status: RoomStatus['type'];
}

const capacity = 200;

/** Publishing to and listening on any channel by hand, with a bounded record of what came of it. */
export class Scratch {
  readonly #open: (channel: string) => ScratchChannel;
  readonly #outbox: Outbox;
  readonly #now: () => number;
  readonly #handles = new Map<string, ScratchChannel>();
  readonly #subscriptions = new Store<readonly ScratchSubscription[]>([]);
  readonly #lines = new Store<readonly ScratchLine[]>([]);
  #seq = 0;

  constructor(open: (channel: string) => ScratchChannel, outbox: Outbox, now: () => number = Date.now) {
    this.#open = open;
    this.#outbox = outbox;
    this.#now = now;
  }

  get subscriptions(): Readable<readonly ScratchSubscription[]> {
    return this.#subscriptions;
  }

  get lines(): Readable<readonly ScratchLine[]> {
    return this.#lines;
  }

  subscribe(channel: string): void {
    if (this.#handles.has(channel)) return;
    this.#attempt(channel, () => {
      const handle = this.#open(channel);
      this.#handles.set(channel, handle);
      this.#setStatus(channel, 'subscribing');
      handle.onStatus((status) => this.#onStatus(channel, status));
      handle.onAny(({ event, data, offset }) => {
        const title = offset === undefined ? event : `${event} #${offset}`;
        this.#log('received', channel, title, JSON.stringify(data));
      });
    });
  }

  unsubscribe(channel: string): void {
    this.#handles.get(channel)?.dispose();
    this.#handles.delete(channel);
    this.#subscriptions.update((all) => all.filter((one) => one.channel !== channel));
    this.#log('status', channel, 'left', '');
  }

  /** Publishes and records the ack or the refusal. */
  async publish(channel: string, event: string, data: unknown): Promise<void> {
    let handle: ScratchChannel | undefined;
    try {
      handle = this.#open(channel);
      const { position, duplicate } = await this.#outbox.track(handle.publish(event, data));
      const place =
        position === undefined ? 'sent live, not kept' : `offset ${position.offset}, epoch ${position.epoch}`;
      this.#log('sent', channel, `${event} acknowledged`, duplicate ? `${place} (a repeat)` : place);
    } catch (error) {
      this.#log('error', channel, `${event} refused`, explain(error));
    } finally {
      handle?.dispose();
    }
  }

  clear(): void {
    this.#lines.set([]);
  }

  #onStatus(channel: string, { type, position, error, dropped }: RoomStatus): void {
    if (!this.#handles.has(channel)) return;
    // Reading too slowly says nothing about whether one is subscribed.
    if (type !== 'behind') this.#setStatus(channel, type);
    if (type === 'subscribing') return;
    if (error !== undefined) this.#log('error', channel, 'subscription', explain(error));
    else if (dropped !== undefined) this.#log('status', channel, type, `${dropped} dropped`);
    else this.#log('status', channel, type, position === undefined ? '' : `from offset ${position.offset}`);
  }

  #setStatus(channel: string, status: RoomStatus['type']): void {
    this.#subscriptions.update((all) =>
      all.some((one) => one.channel === channel)
        ? all.map((one) => (one.channel === channel ? { channel, status } : one))
        : [...all, { channel, status }],
    );
  }

  #attempt(channel: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.unsubscribe(channel);
      this.#log('error', channel, 'refused', explain(error));
    }
  }

  #log(kind: ScratchLine['kind'], channel: string, title: string, detail: string): void {
    const line = { seq: ++this.#seq, at: this.#now(), kind, channel, title, detail };
    this.#lines.update((lines) => [...lines.slice(1 - capacity), line]);
  }
}
