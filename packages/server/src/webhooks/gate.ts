import type { Cancel, Env } from '@thrum/core';
import { WebhookFailure } from './failure.ts';

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (failure: WebhookFailure) => void;
  readonly cancel: Cancel;
}

/** Lets so many in at once, and so many wait, each for so long. */
export class Gate {
  private readonly env: Pick<Env, 'timer'>;
  private readonly places: number;
  private readonly seats: number;
  private readonly waiting = new Set<Waiting>();
  private taken = 0;

  constructor(
    env: Pick<Env, 'timer'>,
    { places, seats }: { readonly places: number; readonly seats: number },
  ) {
    this.env = env;
    this.places = places;
    this.seats = seats;
  }

  /** Resolves with a place, to be given back with {@link leave}. @throws WebhookFailure when there is none in `ms`. */
  enter(ms: number): Promise<void> {
    if (this.taken < this.places) {
      this.taken += 1;
      return Promise.resolve();
    }
    if (this.waiting.size >= this.seats) {
      return Promise.reject(new WebhookFailure('ours', `${this.seats} questions are waiting already`));
    }
    return new Promise((admit, reject) => {
      const entry: Waiting = {
        admit,
        refuse: (failure) => {
          this.waiting.delete(entry);
          entry.cancel();
          reject(failure);
        },
        cancel: this.env.timer(ms, () => entry.refuse(new WebhookFailure('ours', 'had no place in time'))),
      };
      this.waiting.add(entry);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.taken -= 1;
      return;
    }
    // The place goes from one to the other.
    this.waiting.delete(next);
    next.cancel();
    next.admit();
  }

  /** Refuses everybody who waits. */
  clear(failure: WebhookFailure): void {
    for (const entry of [...this.waiting]) entry.refuse(failure);
  }
}
