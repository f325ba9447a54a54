import type { Cancel, Env } from '@thrum/core';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export interface VirtualEnvOptions {
  /** Wall clock at the start. Default 2026-11-22T00:00:00Z. */
  readonly now?: number;
  /** Of `random` and `id`. Default 1. */
  readonly seed?: number;
}

/** Time and randomness that a test owns: nothing happens until it says so, and every run is the same run. */
export class VirtualEnv implements Env {
  readonly #timers = new Set<Timer>();
  #elapsed = 0;
  #wall: number;
  #state: number;
  #order = 0;

  constructor(options: VirtualEnvOptions = {}) {
    this.#wall = options.now ?? Date.UTC(2026, 10, 22);
    this.#state = options.seed ?? 1;
  }

  now(): number {
    return this.#wall + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  timer(ms: number, run: () => void): Cancel {
    this.#order += 1;
    const timer: Timer = { at: this.#elapsed + Math.max(0, ms), order: this.#order, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  atTurnEnd(run: () => void): void {
    setImmediate(run);
  }

  /** mulberry32: small, fast, and the same everywhere. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  id(): string {
    const part = () =>
      Math.floor(this.random() * 4_294_967_296)
        .toString(36)
        .padStart(7, '0');
    return part() + part() + part();
  }

  /** Timers that are still to fire: 0 once everything has been let go of. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the wall clock alone, as an administrator or NTP would; timers and `monotonic` do not notice. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass: timers fire in order, each at its own moment, with promises settled in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#timers.delete(next);
      this.#elapsed = next.at;
      next.run();
      await settle();
    }
    this.#elapsed = end;
  }

  #due(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** Runs every promise callback that is ready, however long the chain, and what they leave to the end of the turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
