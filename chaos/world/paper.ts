import type { Happening, Line } from '@thrum/sim/history';
import { moment } from '../clock.ts';

/** What is written down while it happens, in milliseconds since the beginning. */
export class Paper {
  readonly lines: Line[] = [];
  private readonly origin = moment();

  get moment(): number {
    return this.since(moment());
  }

  /** A moment of the machine's clock as the history counts. */
  since(clock: number): number {
    return Math.round((clock - this.origin) * 1000) / 1000;
  }

  record(happening: Happening): void {
    this.lines.push({ t: this.moment, ...happening });
  }
}
