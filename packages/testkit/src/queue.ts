import { defaultDeadline, within } from './deadline.ts';

interface Waiter<T> {
  readonly match: (item: T) => boolean;
  readonly resolve: (item: T) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A queue that cannot miss an event: what arrives before anybody asks for it waits, in order, until it is taken.
 */
export class EventQueue<T> {
  /** Everything that ever arrived, taken or not. */
  readonly seen: T[] = [];
  readonly #waiting: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #ended: Error | undefined;

  push(item: T): void {
    this.seen.push(item);
    const index = this.#waiters.findIndex((waiter) => waiter.match(item));
    if (index < 0) this.#waiting.push(item);
    else this.#waiters.splice(index, 1)[0]?.resolve(item);
  }

  /** Nothing more will come: whoever waits is told why. What has arrived can still be taken. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }

  /** Takes the first item that matches, now or when it comes; items before it stay. */
  async next(
    match: (item: T) => boolean,
    what: () => string = () => 'an event',
    deadline: number = defaultDeadline,
  ): Promise<T> {
    const index = this.#waiting.findIndex(match);
    if (index >= 0) return this.#waiting.splice(index, 1)[0] as T;
    if (this.#ended !== undefined) throw this.#because(what());
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter: Waiter<T> = { match, resolve, reject: () => reject(this.#because(what())) };
    this.#waiters.push(waiter);
    try {
      return await within(promise, () => `${what()}${this.#leftover()}`, deadline);
    } finally {
      const at = this.#waiters.indexOf(waiter);
      if (at >= 0) this.#waiters.splice(at, 1);
    }
  }

  /** What has arrived and nobody took; it stays. */
  waiting(match: (item: T) => boolean = () => true): T[] {
    return this.#waiting.filter(match);
  }

  /** Takes everything that has arrived. */
  drain(): T[] {
    return this.#waiting.splice(0);
  }

  #because(what: string): Error {
    return new Error(`${what} did not come: ${this.#ended?.message ?? ''}${this.#leftover()}`, {
      cause: this.#ended,
    });
  }

  #leftover(): string {
    return this.#waiting.length === 0 ? '' : ` (waiting: ${JSON.stringify(this.#waiting).slice(0, 1000)})`;
  }
}
