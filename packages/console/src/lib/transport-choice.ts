import type { TransportName } from '@thrum/client';
import { Store, type Readable } from './store.ts';

/** `auto`: whatever gets through, the best first. */
export type TransportChoice = 'auto' | TransportName;

const all: readonly TransportName[] = ['websocket', 'sse', 'longpoll'];
const labels: Readonly<Record<TransportName, string>> = {
  websocket: 'WebSocket',
  sse: 'SSE',
  longpoll: 'Long poll',
};
const key = 'thrum.transport';

export const transportChoices: readonly TransportChoice[] = ['auto', ...all];

/** What people read. */
export function transportLabel(name: string): string {
  return labels[name as TransportName] ?? name;
}

/** How this window travels. Like its identity it lives in sessionStorage: another window may go another way. */
export class TransportSwitch {
  /** The SDK's option: it reads the list at each attempt, so that a change holds from the next one on. */
  readonly transports: TransportName[] = [];
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly #choice: Store<TransportChoice>;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#storage = storage;
    const stored = storage.getItem(key);
    const choice = transportChoices.find((each) => each === stored) ?? 'auto';
    this.#choice = new Store<TransportChoice>(choice);
    this.#fill(choice);
  }

  get choice(): Readable<TransportChoice> {
    return this.#choice;
  }

  choose(choice: TransportChoice): void {
    this.#fill(choice);
    this.#choice.set(choice);
    try {
      this.#storage.setItem(key, choice);
    } catch {
      // Storage may be full or forbidden; the choice then lasts as long as the page.
    }
  }

  #fill(choice: TransportChoice): void {
    this.transports.splice(0, all.length, ...(choice === 'auto' ? all : [choice]));
  }
}
