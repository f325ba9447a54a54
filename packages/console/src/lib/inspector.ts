import { utf8Length } from '@thrum/protocol';
import { redactTokens } from './redact.ts';
import { Store, type Readable } from './store.ts';

/** `note` is no frame: a socket that opened, closed or was killed, shown between the frames it explains. */
type Direction = 'in' | 'out' | 'note';

export interface InspectorEntry {
  readonly seq: number;
  readonly at: number;
  readonly direction: Direction;
  readonly type: string;
  readonly bytes: number;
  /** As sent or received, except for hidden tokens. */
  readonly text: string;
  /** Undefined when the text is not JSON. */
  readonly json: unknown;
  /** The fields besides `type` in one line. */
  readonly preview: string;
}

export interface InspectorView {
  readonly entries: readonly InspectorEntry[];
  readonly paused: boolean;
  /** Frames that passed while paused: told, so that a pause is not mistaken for silence. */
  readonly missed: number;
}

export const inspectorCapacity = 500;

/** The last frames of every socket of this page, oldest first. */
export class Inspector {
  readonly #view = new Store<InspectorView>({ entries: [], paused: false, missed: 0 });
  readonly #capacity: number;
  readonly #now: () => number;
  #seq = 0;

  constructor(capacity: number = inspectorCapacity, now: () => number = Date.now) {
    this.#capacity = capacity;
    this.#now = now;
  }

  get view(): Readable<InspectorView> {
    return this.#view;
  }

  frame(direction: 'in' | 'out', data: unknown): void {
    this.#push(() => describe(direction, data));
  }

  note(type: string, text: string): void {
    this.#push(() => ({ direction: 'note', type, bytes: 0, text, json: undefined, preview: text }));
  }

  pause(paused: boolean): void {
    this.#view.update((view) => ({ ...view, paused, missed: 0 }));
  }

  clear(): void {
    this.#view.update((view) => ({ ...view, entries: [], missed: 0 }));
  }

  #push(read: () => Omit<InspectorEntry, 'seq' | 'at'>): void {
    this.#view.update((view) => {
      if (view.paused) return { ...view, missed: view.missed + 1 };
      const entry = { seq: ++this.#seq, at: this.#now(), ...read() };
      const kept =
        view.entries.length < this.#capacity ? view.entries : view.entries.slice(1 - this.#capacity);
      return { ...view, entries: [...kept, entry] };
    });
  }
}

function describe(direction: 'in' | 'out', data: unknown): Omit<InspectorEntry, 'seq' | 'at'> {
  if (typeof data !== 'string') {
    const bytes = data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? data.byteLength : 0;
    return { direction, type: 'binary', bytes, text: '', json: undefined, preview: '' };
  }
  const bytes = utf8Length(data);
  const parsed = parse(data);
  if (parsed === undefined) {
    return { direction, type: 'text', bytes, text: data, json: undefined, preview: data };
  }
  const json = redactTokens(parsed);
  // Only a frame with something to hide is printed anew; the others stand as they travelled.
  const printed = JSON.stringify(json);
  const text = printed === JSON.stringify(parsed) ? data : printed;
  return { direction, type: typeOf(parsed), bytes, text, json, preview: previewOf(json) };
}

/** `channel=chat:lobby data={"text":"hi"}`: strings bare, since a line has no room for ornaments. */
function previewOf(json: unknown): string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return JSON.stringify(json);
  return Object.entries(json)
    .filter(([key]) => key !== 'type')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function typeOf(json: unknown): string {
  const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined;
  return typeof type === 'string' ? type : 'json';
}

/** Entries whose type or text contains every word, in any order and case. */
export function filterEntries(entries: readonly InspectorEntry[], query: string): readonly InspectorEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries.filter((entry) => {
    const text = `${entry.type} ${entry.text}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** A shell line that sends this frame with wscat; what it prints stays on screen for five seconds. */
export function wscatLine(url: string, text: string): string {
  return `wscat -c ${shellQuote(url)} -w 5 -x ${shellQuote(text)}`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
