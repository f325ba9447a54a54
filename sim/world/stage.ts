import type { Clock } from '../clock.ts';
import type { Happening } from '../history.ts';
import type { Random } from '../random.ts';

/** What every part of the world shares. */
export interface Stage {
  readonly clock: Clock;
  readonly chance: Random;
  /** Now, as precise as the history is. */
  readonly moment: number;
  record(happening: Happening): void;
}
