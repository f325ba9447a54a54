/** The one source of chance of a run. Parts take a fork each, so that one that draws more does not change the others. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  fork(label: string): Random {
    let hash = 0x811c9dc5;
    for (let i = 0; i < label.length; i += 1) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    return new Random(Math.imul(this.state ^ hash, 0x9e3779b1) ^ hash);
  }

  /** mulberry32, in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('there is nothing to pick from');
    return list[Math.floor(this.next() * list.length)] as T;
  }

  /** Waiting times of things that happen independently, `mean` on average. */
  wait(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  id(): string {
    const part = (): string =>
      Math.floor(this.next() * 4_294_967_296)
        .toString(36)
        .padStart(7, '0');
    return part() + part() + part();
  }
}
