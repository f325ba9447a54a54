import { isPosition } from '@thrum/protocol';
import type { Position } from '@thrum/protocol';
import { ThrumError, safely } from '../errors.ts';
import type { Persist, PersistedClient } from '../persisted.ts';
import type { Order } from '../parts.ts';
import type { DroppedPublish, Published } from '../publish.ts';
import type { Subscription } from '../subscription.ts';
import { readFields } from '../wire.ts';
import type { PersistStore, StoredPositions, StoredPublish } from './store.ts';

export interface PersistOptions {
  /**
   * Whose page this is: the id by which the server will know its user. With it, what is published before the server has
   * spoken is kept, and what an earlier page left waits visibly from the start. If the server then names another user,
   * nothing of this is sent. Default: known, and kept, from the first `auth_success` of the page on.
   */
  readonly user?: string | undefined;
  /**
   * A publish of an earlier page waits again. Its outcome is `published`'s, which is no unhandled rejection if nobody
   * listens; failures reach `onDrop` too.
   */
  readonly onRestored?: ((publish: DroppedPublish, published: Promise<Published>) => void) | undefined;
  /**
   * Storage failed (full, forbidden, damaged), or is another user's (`user_mismatch`): told once, and the client goes on
   * as if there were none.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

// A disk that does not answer must not keep a client from speaking.
const loadTimeout = 5000;
// Each write holds all positions: a busy channel must not write at its own rate.
const writeDelay = 1000;
// More channels than anybody reads; the oldest are forgotten first.
const maxPositions = 1000;

/** The stored frame as what was published, if it is sound. */
const readStored = (frame: StoredPublish['frame']): DroppedPublish | undefined => {
  try {
    const { channel, event, data, id } = readFields(JSON.parse(frame));
    return channel && typeof event === 'string' && typeof id === 'string'
      ? { channel, event, data, id }
      : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Keeps one client's queue and positions in a store of yours: `createClient(url, { persist: persistIn(store) })`.
 * In Node, a store over a file or a database; its laws are with {@link PersistStore}.
 */
export const persistIn = (store: PersistStore, options: PersistOptions = {}): Persist =>
  new Persistence(store, options);

class Persistence implements Persist {
  private isLoading = true;
  private readonly store: PersistStore;
  private readonly options: PersistOptions;
  private client!: PersistedClient;
  private whose: string | undefined;
  private isOver = false;
  /** Ids that are this page's in the store, and whether it published them itself. */
  private readonly mine = new Map<string, boolean>();
  /** While publishes are restored: the milliseconds until each is given up. */
  private readonly remaining = new Map<string, number>();
  /** Published before anybody knew whose they are. */
  private readonly unclaimed = new Map<string, StoredPublish>();
  /** Of channels that this page has not begun yet. */
  private left = new Map<string, Position>();
  /** Lets the outbox send on the present connection. */
  private open = (): void => {};
  private stopWaiting = (): void => {};
  private stopWriting: (() => void) | undefined;
  private unwatch = (): void => {};

  constructor(store: PersistStore, options: PersistOptions) {
    this.store = store;
    this.options = options;
  }

  start(client: PersistedClient): void {
    if (this.client) throw new TypeError('persist: expected one of its own for each client, got one in use');
    this.client = client;
    this.unwatch = client.settings.lifecycle.listen((event) => {
      if (event === 'left') this.write();
    });
    this.stand(client);
    if (this.options.user !== undefined) this.claim(this.options.user);
  }

  /** Where an earlier page stood, for a subscription that begins without a place of its own. */
  private resume(sub: Subscription): void {
    if (this.isLoading || sub.position || sub.as || sub.since) return;
    sub.since = this.left.get(sub.name);
    this.left.delete(sub.name);
  }

  private close(): void {
    this.write();
    this.isOver = true;
    this.stopWaiting();
    this.unwatch();
    this.store.close();
  }

  /** Before the outbox, to know what is published, and behind the connection, to know whose and to hold back what goes. */
  private stand({ outbox, events, subscriptions }: PersistedClient): void {
    const { add } = outbox;
    const { retain, clear } = subscriptions;
    const { welcome, ready, frame, down } = events;
    outbox.add = (order, delay) => add(this.keep(order), delay);
    subscriptions.retain = (sub, options) => {
      // The cursor knows where a named subscriber was, and the application what it asked for.
      if (sub.phase === 'idle' && !options.name && !options.since) this.resume(sub);
      retain(sub, options);
    };
    subscriptions.clear = () => {
      this.close();
      clear();
    };
    events.welcome = (limits) => {
      this.open = () => welcome(limits);
      // What an earlier page left goes before anything of this one.
      if (!this.isLoading) this.open();
    };
    events.ready = (userId) => {
      this.ready(userId);
      ready(userId);
    };
    events.frame = (received) => {
      frame(received);
      this.moved(received?.type === 'subscribed');
    };
    events.down = (error) => {
      this.open = () => {};
      down(error);
    };
  }

  /** The order, saved until it has its outcome. */
  private keep(order: Order): Order {
    const { publish, lives, encode, timeout = Infinity } = order;
    if (!publish || lives !== 'again') return order;
    const { id } = publish;
    const left = this.remaining.get(id);
    const frame = encode(id);
    if (left === undefined && frame)
      this.save({ id, frame, until: this.client.settings.env.now() + timeout });
    const done: Order['done'] = (outcome) => {
      this.remove(id);
      order.done?.(outcome);
    };
    return left === undefined ? { ...order, done } : { ...order, done, timeout: left, tried: true };
  }

  private ready(userId = ''): void {
    if (this.isOver) return;
    if (this.whose === undefined) this.claim(userId);
    else if (this.whose !== userId) this.disown(this.whose);
    else if (!this.isLoading) void this.take(userId);
  }

  private remove(id: string): void {
    this.unclaimed.delete(id);
    if (this.mine.delete(id)) this.store.remove(this.whose as string, id).catch(this.giveUp);
  }

  private moved(begun: boolean): void {
    if (this.isOver || this.isLoading) return;
    // A place that is a moment old brings a moment's publications again; none at all would skip whatever comes.
    if (begun) this.write();
    else this.stopWriting ??= this.client.settings.env.timer(writeDelay, () => this.write());
  }

  /** From now on this page keeps for that user, and what was left for them goes first. */
  private claim(user: string): void {
    this.whose = user;
    const late = (): void => this.giveUp(new ThrumError('timeout', { message: 'The store does not answer' }));
    this.stopWaiting = this.client.settings.env.timer(loadTimeout, late);
    void this.take(user, this.store.takePositions(user));
    this.unclaimed.forEach((publish) => this.save(publish));
    this.unclaimed.clear();
  }

  /** The server says that this is somebody else: what is restored stays for its user, what is new goes as this one's. */
  private disown(user: string): void {
    const all = [...this.mine];
    this.mine.clear();
    this.left.clear();
    const error = new ThrumError('user_mismatch', { message: 'Kept for another user' });
    for (const [id, isNew] of all) {
      if (isNew) this.store.remove(user, id).catch(() => {});
      else this.client.outbox.settle(id, error);
    }
    this.giveUp(error);
  }

  private async take(user: string, first?: Promise<StoredPositions>): Promise<void> {
    try {
      const [publishes, positions = {}] = await Promise.all([this.store.takePublishes(user), first]);
      if (this.isOver) return;
      for (const [channel, position] of Object.entries(positions))
        if (isPosition(position)) this.left.set(channel, position);
      this.restore(publishes);
      this.goOn();
    } catch (error) {
      this.giveUp(error);
    }
  }

  private restore(publishes: readonly StoredPublish[]): void {
    const { settings, outbox, requests } = this.client;
    const { env, queue } = settings;
    let count = 0;
    let bytes = 0;
    const list: DroppedPublish[] = [];
    // From the newest on: what the queue has no room for ends as if its time were over. The server may have it.
    for (const { id, frame, until } of [...publishes].reverse()) {
      // Published again by this page meanwhile, under the same id.
      if (this.mine.has(id)) continue;
      this.mine.set(id, false);
      const publish = readStored(frame);
      if (publish?.id !== id) {
        this.remove(id);
        this.tell(new ThrumError('invalid_data', { message: 'A stored publish is damaged' }));
        continue;
      }
      count += 1;
      bytes += frame.length;
      const fits = count <= queue.maxCount && bytes <= queue.maxBytes;
      // A clock that was set back must not prolong it.
      this.remaining.set(id, fits ? Math.min(until - env.now(), queue.maxAge) : 0);
      list.unshift(publish);
    }
    // Before all that this page has published: they are older.
    const later = [...outbox.items];
    outbox.items.clear();
    const published = list.map(({ channel, event, data, id }) =>
      requests.publish(channel, event, data, { id }),
    );
    this.remaining.clear();
    for (const [id, item] of later) outbox.items.set(id, item);
    for (const [index, publish] of list.entries()) {
      const outcome = published[index] as Promise<Published>;
      void safely(() => this.options.onRestored?.(publish, outcome));
    }
  }

  private save(publish: StoredPublish): void {
    if (this.isOver) return;
    if (this.whose === undefined) this.unclaimed.set(publish.id, publish);
    else {
      this.mine.set(publish.id, true);
      this.store.save(this.whose, publish).catch(this.giveUp);
    }
  }

  private write(): void {
    this.stopWriting?.();
    this.stopWriting = undefined;
    if (this.isOver || this.isLoading) return;
    const all = new Map(this.left);
    for (const { name, ack, processed, origin, position, since } of this.client.subscriptions.all.values()) {
      // What was only received comes again, and what is not recovered yet still has to.
      const place = (ack ? (processed ?? origin) : position) ?? since;
      all.delete(name);
      if (isPosition(place)) all.set(name, place);
    }
    const positions = Object.fromEntries([...all].slice(-maxPositions));
    this.store.savePositions(this.whose as string, positions).catch(this.giveUp);
  }

  /** Without a store from here on. What has its outcome is still removed: it would be sent again after the next reload. */
  private readonly giveUp = (error: unknown): void => {
    if (this.isOver) return;
    this.isOver = true;
    this.stopWriting?.();
    this.tell(error);
    this.goOn();
  };

  private goOn(): void {
    this.stopWaiting();
    if (this.isLoading) {
      this.isLoading = false;
      for (const sub of this.client.subscriptions.all.values()) if (sub.phase === 'asking') this.resume(sub);
      this.open();
    }
    this.client.outbox.pump();
  }

  private tell(error: unknown): void {
    void safely(() => this.options.onError?.(error));
  }
}
