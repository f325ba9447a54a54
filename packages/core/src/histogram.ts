/** How values are spread, as plain numbers for whoever exports them. */
export interface Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** How many values were at most each bound and above the one before it; the last: above all bounds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** A {@link Histogram} that is being counted. */
export class Recorder implements Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  add(value: number): void {
    const found = this.bounds.findIndex((bound) => value <= bound);
    const index = found < 0 ? this.bounds.length : found;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.count += 1;
    this.sum += value;
  }
}
