import type { Member, Position } from '@thrum/protocol';
import { explain } from './errors.ts';
import type { Identity } from './identity.ts';
import type { ChatMessage, MessageStore, TimelineItem } from './messages.ts';
import type { Outbox } from './outbox.ts';
import type { RoomChannel, RoomStatus } from './ports.ts';
import { randomId } from './random.ts';
import { Store, type Readable } from './store.ts';
import type { TypingSource } from './typing.ts';

export interface RoomView {
  readonly history: 'loading' | 'ready' | 'failed';
  /** Why history could not be loaded, or why the server refuses the room. */
  readonly problem: string | undefined;
  readonly earlier: 'none' | 'available' | 'loading';
}

export interface RoomDeps {
  readonly channel: RoomChannel;
  readonly messages: MessageStore;
  readonly typing: TypingSource;
  readonly identity: Readable<Identity>;
  readonly outbox: Outbox;
  readonly now?: () => number;
}

const page = 50;
const live: ReadonlySet<RoomStatus['type']> = new Set(['subscribed', 'recovered', 'reset']);

/** One visit to a chat room: what is shown of it and what can be done in it. */
export class Room {
  readonly name: string;
  readonly typing: TypingSource;
  readonly members: Readable<readonly Member[]>;
  readonly #deps: RoomDeps;
  readonly #view = new Store<RoomView>({ history: 'loading', problem: undefined, earlier: 'none' });
  readonly #cleanups: (() => void)[];
  #incomplete = true;
  #loads = 0;

  constructor(name: string, deps: RoomDeps) {
    this.name = name;
    this.#deps = deps;
    this.typing = deps.typing;
    const { channel, identity, messages } = deps;
    const { presence } = channel;
    this.members = { get: () => presence.members, subscribe: (listener) => presence.onChange(listener) };
    const announce = (): void => void presence.update({ name: identity.get().name });
    this.#cleanups = [
      channel.onStatus((status) => this.#onStatus(status)),
      channel.onAny((publication) => messages.received(publication)),
      // Held for the whole visit, so that the member list stays asked for while no panel shows it.
      presence.onChange(() => {}),
      identity.subscribe(announce),
    ];
    announce();
    // Somebody else (the console panel, a visit that has just ended) holds the subscription: no status will follow.
    if (live.has(channel.status)) this.#onStatus({ type: 'subscribed' });
  }

  get view(): Readable<RoomView> {
    return this.#view;
  }

  get timeline(): Readable<readonly TimelineItem[]> {
    return this.#deps.messages.timeline;
  }

  send(text: string): void {
    void this.#publish(randomId(), text, this.#deps.identity.get().name);
  }

  /** Sends a failed message again, unchanged and under its old id: if it did arrive, the server knows it. */
  retry({ id, text, name }: ChatMessage): void {
    if (id !== undefined) void this.#publish(id, text, name ?? '');
  }

  discard(id: string): void {
    this.#deps.messages.discard(id);
  }

  reload(): void {
    void this.#load();
  }

  async loadEarlier(): Promise<void> {
    const { channel, messages } = this.#deps;
    const since = messages.oldest();
    if (since === undefined || this.#view.get().earlier !== 'available') return;
    this.#view.update((view) => ({ ...view, earlier: 'loading' }));
    try {
      const result = await channel.history({ since, limit: page, reverse: true });
      messages.loadedEarlier(result);
      this.#view.update((view) => ({ ...view, earlier: result.more ? 'available' : 'none' }));
    } catch {
      this.#view.update((view) => ({ ...view, earlier: 'available' }));
    }
  }

  dispose(): void {
    // An answer that comes after this is nobody's.
    this.#loads++;
    for (const cleanup of this.#cleanups) cleanup();
    this.typing.dispose();
    this.#deps.channel.dispose();
  }

  #onStatus(status: RoomStatus): void {
    // While the subscription stands, an error is about something smaller: a name refused, say.
    if (status.error !== undefined && !live.has(this.#deps.channel.status)) {
      this.#view.update((view) => ({ ...view, problem: explain(status.error) }));
    }
    if (!live.has(status.type)) return;
    this.#view.update((view) => ({ ...view, problem: undefined }));
    if (status.type !== 'recovered') this.#incomplete = true;
    this.#deps.messages.beginSync(status.position);
    // After a recovery nothing is missing, unless the history asked for before the drop never came.
    if (this.#incomplete) void this.#load();
  }

  async #load(): Promise<void> {
    const load = ++this.#loads;
    this.#view.update((view) => ({ ...view, history: view.history === 'ready' ? 'ready' : 'loading' }));
    try {
      const result = await this.#deps.channel.history({ limit: page, reverse: true });
      if (load !== this.#loads) return;
      this.#incomplete = false;
      this.#deps.messages.loaded(result);
      const earlier = result.more && this.#deps.messages.oldest() !== undefined ? 'available' : 'none';
      this.#view.set({ history: 'ready', problem: undefined, earlier });
    } catch (error) {
      if (load === this.#loads) {
        this.#view.update((view) => ({ ...view, history: 'failed', problem: explain(error) }));
      }
    }
  }

  async #publish(id: string, text: string, name: string): Promise<void> {
    const { channel, messages, outbox, now = Date.now } = this.#deps;
    messages.sending(id, { text, name, at: now() });
    this.typing.stop();
    await follow(messages, id, outbox.track(channel.publish('message', { text, name }, { id })));
  }
}

/** Shows what becomes of a message that is on screen as pending. */
export async function follow(
  messages: MessageStore,
  id: string,
  published: Promise<{ readonly position?: Position | undefined }>,
): Promise<void> {
  try {
    messages.acked(id, (await published).position);
  } catch (error) {
    messages.failed(id, explain(error));
  }
}
