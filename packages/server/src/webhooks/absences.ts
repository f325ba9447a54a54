import type { Cancel, Env } from '@thrum/core';

export interface AbsencesOptions {
  readonly env: Pick<Env, 'monotonic' | 'timer'>;
  /** Milliseconds before a going is told. */
  readonly grace: number;
  /** Most goings that wait to be told; the oldest is told at once when there are more. */
  readonly most: number;
  readonly tell: (key: string) => void;
}

/** Holds goings back for a moment, in which who comes back was never away. One timer for all of them. */
export class Absences {
  private readonly options: AbsencesOptions;
  /** When each is told (monotonic): all wait equally long, so the first is always the next. */
  private readonly away = new Map<string, number>();
  private cancel: Cancel | undefined;

  constructor(options: AbsencesOptions) {
    this.options = options;
  }

  /** Whether this is a coming that has to be told: not of somebody whose going was not. */
  came(key: string): boolean {
    return !this.away.delete(key);
  }

  went(key: string): void {
    const { env, grace, most } = this.options;
    this.away.set(key, env.monotonic() + grace);
    if (this.away.size > most) this.tellFirst();
    this.wait();
  }

  /** Tells everything now. */
  flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    while (this.away.size > 0) this.tellFirst();
  }

  private wait(): void {
    const { env } = this.options;
    const [next] = this.away.values();
    if (next === undefined || this.cancel !== undefined) return;
    this.cancel = env.timer(Math.max(0, next - env.monotonic()), () => {
      this.cancel = undefined;
      for (const until of this.away.values()) {
        if (until > env.monotonic()) break;
        this.tellFirst();
      }
      this.wait();
    });
  }

  private tellFirst(): void {
    const [key] = this.away.keys();
    if (key === undefined) return;
    this.away.delete(key);
    this.options.tell(key);
  }
}
