import type { Env } from './ports/env.ts';

/** Something that goes out together with what comes after it in the same turn. */
export interface Held {
  /** @param isLast nothing else is held in this turn. */
  flush(isLast?: boolean): void;
}

/**
 * What is held back to the end of the turn of the event loop. What it costs to send depends on how often something is
 * written far more than on how much, so all that a turn brings for a connection goes out in one piece.
 */
export class Turn {
  private readonly env: Env;
  private held: Held[] = [];

  constructor(env: Env) {
    this.env = env;
  }

  /** Has `held` flushed at the end of this turn. */
  hold(held: Held): void {
    if (this.held.push(held) === 1) this.env.atTurnEnd(() => this.end());
  }

  /** Flushes now, before something that must not overtake what is held. */
  end(): void {
    const { held } = this;
    if (held.length === 0) return;
    this.held = [];
    for (const [index, each] of held.entries()) each.flush(index === held.length - 1);
  }
}
