import type { HistoryResult, Position, Publication } from '@thrum/protocol';
import { Store, type Readable } from './store.ts';

type MessageState = 'pending' | 'failed' | 'sent';

export interface ChatMessage {
  /** Stable for as long as the message is shown, also while it turns from pending to sent. */
  readonly key: string;
  readonly id: string | undefined;
  readonly from: string | undefined;
  /** The name its sender gave with it. */
  readonly name: string | undefined;
  readonly text: string;
  readonly at: number;
  readonly state: MessageState;
  /** Written in this window. */
  readonly local: boolean;
  readonly problem?: string;
}

export type TimelineItem =
  | { readonly kind: 'message'; readonly key: string; readonly message: ChatMessage }
  /** `reset`: the server's log began anew here. `gap`: publications between these two are no longer kept. */
  | { readonly kind: 'divider'; readonly key: string; readonly reason: 'reset' | 'gap' };

/** Where an entry stands: by log, by offset in it, by arrival. Unsent messages stand after every log. */
interface Entry {
  epoch: number;
  offset: number;
  readonly seq: number;
  message: ChatMessage;
}

const unsent = Number.POSITIVE_INFINITY;
/** Live messages beyond this push the oldest out; a page that runs for days must not grow for days. */
const capacity = 2000;

/**
 * One room's messages, each exactly once, in the order of the server's log. History, live publications, acks and
 * this window's own unsent messages meet here.
 *
 * Two publications are one message when they have one place (epoch, offset), or, where they cannot be compared by
 * place because the log is another or one of them has none yet, when sender and publication id are the same.
 */
export class MessageStore {
  readonly #timeline = new Store<readonly TimelineItem[]>([]);
  readonly #entries = new Map<string, Entry>();
  readonly #byPlace = new Map<string, Entry>();
  readonly #byId = new Map<string, Entry>();
  readonly #own = new Map<string, Entry>();
  /** Logs in the order in which they were met. */
  readonly #epochs: string[] = [];
  /** The highest offset seen in each log, of whatever event. */
  readonly #tops = new Map<string, number>();
  readonly #gaps: { epoch: number; offset: number }[] = [];
  readonly #self: () => string | undefined;
  #seq = 0;
  #base: Position | undefined;

  constructor(self: () => string | undefined) {
    this.#self = self;
  }

  get timeline(): Readable<readonly TimelineItem[]> {
    return this.#timeline;
  }

  /** A message was handed to the SDK under this publication id, for the first time or again. */
  sending(id: string, draft: { readonly text: string; readonly name: string; readonly at: number }): void {
    const known = this.#own.get(id);
    if (known === undefined) {
      const message = { ...draft, key: id, id, from: this.#self(), state: 'pending', local: true } as const;
      this.#own.set(id, this.#add(id, { epoch: unsent, offset: unsent, seq: ++this.#seq, message }));
    } else if (known.message.state === 'failed') {
      const { problem: _, ...message } = known.message;
      known.message = { ...message, state: 'pending' };
    }
    this.#render();
  }

  acked(id: string, position: Position | undefined): void {
    const entry = this.#own.get(id);
    if (entry === undefined) return;
    const shown = position === undefined ? undefined : this.#byPlace.get(placeKey(position));
    // On screen already without being known as this one (the echo named another sender): one of the two has to go.
    if (shown !== undefined && shown !== entry) this.discard(id);
    else this.#settle(entry, position);
    this.#render();
  }

  failed(id: string, problem: string): void {
    const entry = this.#own.get(id);
    // The echo may have come although the ack never did: then it was published, and nothing failed.
    if (entry === undefined || entry.message.state === 'sent') return;
    entry.message = { ...entry.message, state: 'failed', problem };
    this.#render();
  }

  /** Takes an unsent message off the screen. */
  discard(id: string): void {
    const entry = this.#own.get(id);
    if (entry === undefined || entry.message.state === 'sent') return;
    this.#own.delete(id);
    this.#entries.delete(entry.message.key);
    this.#render();
  }

  /** A live publication. */
  received(publication: Publication): void {
    this.#merge(publication);
    this.#trim();
    this.#render();
  }

  /** A subscription began, or began anew, at this place: what lies between it and what is on screen must be loaded. */
  beginSync(position: Position | undefined): void {
    const epoch = position?.epoch ?? this.#epochs.at(-1);
    if (epoch === undefined) return;
    this.#epochIndex(epoch);
    this.#base = { epoch, offset: this.#tops.get(epoch) ?? 0 };
    this.#render();
  }

  /** The newest page of history, asked for after {@link beginSync}. */
  loaded(page: HistoryResult): void {
    const base = this.#base;
    const oldest = page.publications.reduce(
      (low, { offset }) => Math.min(low, offset ?? unsent),
      page.position === undefined ? unsent : page.position.offset + 1,
    );
    if (
      base !== undefined &&
      base.offset > 0 &&
      base.epoch === page.position?.epoch &&
      oldest > base.offset + 1
    ) {
      this.#gaps.push({ epoch: this.#epochIndex(base.epoch), offset: base.offset });
    }
    this.loadedEarlier(page);
  }

  /** A page from before the oldest on screen. */
  loadedEarlier(page: HistoryResult): void {
    if (page.position !== undefined) this.#epochIndex(page.position.epoch);
    const oldestFirst = page.publications.toSorted((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
    for (const publication of oldestFirst) this.#merge(publication);
    this.#render();
  }

  /** The oldest place on screen, when one log holds all of it: where an earlier page ends. */
  oldest(): Position | undefined {
    const [epoch] = this.#epochs;
    if (epoch === undefined || this.#epochs.length > 1) return undefined;
    const offsets = [...this.#byPlace.values()].map(({ offset }) => offset);
    return offsets.length === 0 ? undefined : { epoch, offset: Math.min(...offsets) };
  }

  #merge(publication: Publication): void {
    const place = placeOf(publication);
    if (place !== undefined) {
      this.#epochIndex(place.epoch);
      this.#tops.set(place.epoch, Math.max(this.#tops.get(place.epoch) ?? 0, place.offset));
      if (this.#byPlace.has(placeKey(place))) return;
    }
    if (publication.event !== 'message') return;
    const twin = this.#twinOf(publication, place);
    if (twin === undefined) this.#insert(publication, place);
    else this.#settle(twin, place, publication);
  }

  #twinOf({ id, from }: Publication, place: Position | undefined): Entry | undefined {
    if (id === undefined) return undefined;
    const self = this.#self();
    const own = from === undefined || self === undefined || from === self ? this.#own.get(id) : undefined;
    const twin = own ?? this.#byId.get(senderKey(from, id));
    if (twin === undefined || place === undefined || twin.offset === unsent) return twin;
    // One log with two places for one id: the server had forgotten the key and took it as a new publication.
    return this.#epochs[twin.epoch] === place.epoch && Number.isInteger(twin.offset) ? undefined : twin;
  }

  #insert(publication: Publication, place: Position | undefined): void {
    const seq = ++this.#seq;
    const key = place === undefined ? `live-${seq}` : placeKey(place);
    const { id, from, timestamp } = publication;
    const message: ChatMessage = {
      ...readBody(publication.data),
      key,
      id,
      from,
      at: timestamp,
      state: 'sent',
      local: false,
    };
    const entry = this.#add(key, { ...this.#standing(place), seq, message });
    if (place !== undefined) this.#byPlace.set(key, entry);
    if (id !== undefined) this.#byId.set(senderKey(from, id), entry);
  }

  /** The message is in the log (or, without a place, went out live): gives it its standing once. */
  #settle(entry: Entry, place: Position | undefined, publication?: Publication): void {
    if (place !== undefined) this.#byPlace.set(placeKey(place), entry);
    if (entry.offset === unsent) Object.assign(entry, this.#standing(place));
    const { problem: _, ...message } = entry.message;
    entry.message = {
      ...message,
      state: 'sent',
      from: publication?.from ?? message.from,
      at: publication?.timestamp ?? message.at,
    };
    if (publication?.id !== undefined) this.#byId.set(senderKey(publication.from, publication.id), entry);
  }

  /** A transient message stands after whatever its channel had sent before it: hence the half. */
  #standing(place: Position | undefined): { epoch: number; offset: number } {
    if (place !== undefined) return { epoch: this.#epochIndex(place.epoch), offset: place.offset };
    const epoch = this.#epochs.at(-1);
    if (epoch === undefined) return { epoch: 0, offset: 0.5 };
    return { epoch: this.#epochs.length - 1, offset: (this.#tops.get(epoch) ?? 0) + 0.5 };
  }

  #epochIndex(epoch: string): number {
    const index = this.#epochs.indexOf(epoch);
    return index === -1 ? this.#epochs.push(epoch) - 1 : index;
  }

  #add(key: string, entry: Entry): Entry {
    this.#entries.set(key, entry);
    return entry;
  }

  #trim(): void {
    if (this.#entries.size <= capacity) return;
    const oldest = [...this.#entries.values()].toSorted(byStanding)[0];
    if (oldest === undefined || oldest.message.state !== 'sent') return;
    this.#entries.delete(oldest.message.key);
    for (const index of [this.#byPlace, this.#byId, this.#own]) {
      for (const [key, entry] of index) if (entry === oldest) index.delete(key);
    }
  }

  #render(): void {
    const items: TimelineItem[] = [];
    let epoch: number | undefined;
    const gaps = [...this.#gaps];
    const divide = (reason: 'reset' | 'gap', index: number, offset: number): void => {
      if (items.at(-1)?.kind === 'message')
        items.push({ kind: 'divider', key: `${reason}-${index}-${offset}`, reason });
    };
    const enter = (next: number): void => {
      for (let index = (epoch ?? next) + 1; index <= next; index++) divide('reset', index, 0);
      epoch = next;
    };
    for (const entry of [...this.#entries.values()].toSorted(byStanding)) {
      // Unsent messages belong to the log that will take them.
      enter(entry.epoch === unsent ? Math.max(epoch ?? 0, this.#epochs.length - 1) : entry.epoch);
      const gap = gaps.findIndex((at) => at.epoch === entry.epoch && at.offset < entry.offset);
      if (gap !== -1) for (const { epoch: at, offset } of gaps.splice(gap, 1)) divide('gap', at, offset);
      items.push({ kind: 'message', key: entry.message.key, message: entry.message });
    }
    if (items.length > 0) enter(Math.max(epoch ?? 0, this.#epochs.length - 1));
    this.#timeline.set(items);
  }
}

function byStanding(a: Entry, b: Entry): number {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  if (a.offset !== b.offset) return a.offset < b.offset ? -1 : 1;
  return a.seq - b.seq;
}

function placeOf({ epoch, offset }: Publication): Position | undefined {
  return epoch === undefined || offset === undefined ? undefined : { epoch, offset };
}

function placeKey({ epoch, offset }: Position): string {
  return `${epoch}/${offset}`;
}

function senderKey(from: string | undefined, id: string): string {
  return JSON.stringify([from, id]);
}

/** A message is `{text, name?}`; whatever else was published into the channel is shown as what it is. */
export function readBody(data: unknown): { readonly text: string; readonly name: string | undefined } {
  const { text, name } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  return {
    text: typeof text === 'string' ? text : typeof data === 'string' ? data : JSON.stringify(data),
    name: typeof name === 'string' && name !== '' ? name : undefined,
  };
}
