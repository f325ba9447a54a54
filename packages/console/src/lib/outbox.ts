import { Store, type Readable } from './store.ts';

/** Counts the publishes that nobody has answered yet, whichever panel they came from. */
export class Outbox {
  readonly #waiting = new Store(0);

  get waiting(): Readable<number> {
    return this.#waiting;
  }

  async track<T>(publish: Promise<T>): Promise<T> {
    this.#waiting.update((count) => count + 1);
    try {
      return await publish;
    } finally {
      this.#waiting.update((count) => count - 1);
    }
  }
}
