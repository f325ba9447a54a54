import type { Clock, Part } from '../clock.ts';
import type { Random } from '../random.ts';

interface Item {
  readonly size: number;
  readonly run: () => void;
}

/**
 * One direction of one cable, as TCP makes it: in order, nothing lost until the whole cable is. While it is frozen or
 * slow, what is sent piles up here, and the sender can see how much.
 */
export class Pipe {
  /** Bytes that the network has not taken yet. */
  buffered = 0;
  /** Told when `buffered` has fallen. */
  onDrain: () => void = () => undefined;
  private readonly clock: Clock;
  private readonly part: Part;
  private readonly chance: Random;
  private readonly latency: number;
  private waiting: Item[] = [];
  private frozen = false;
  /** Bytes per millisecond; infinite unless the reader is slow. */
  private rate = Infinity;
  private pumping = false;
  private cut = false;
  private arrivesAt = 0;

  constructor(clock: Clock, part: Part, chance: Random, latency: number) {
    this.clock = clock;
    this.part = part;
    this.chance = chance;
    this.latency = latency;
  }

  send(size: number, run: () => void): void {
    if (this.cut) return;
    if (!this.frozen && this.rate === Infinity && this.waiting.length === 0) {
      this.fly(run);
      return;
    }
    this.waiting.push({ size, run });
    this.buffered += size;
    this.pump();
  }

  freeze(): void {
    this.frozen = true;
  }

  /** As it was at the beginning. */
  restore(): void {
    this.frozen = false;
    this.rate = Infinity;
    this.pump();
  }

  slow(bytesPerMillisecond: number): void {
    this.rate = bytesPerMillisecond;
  }

  /** What is on the way never arrives. */
  end(): void {
    this.cut = true;
    this.waiting = [];
    this.buffered = 0;
  }

  private fly(run: () => void): void {
    const at = Math.max(this.arrivesAt, this.clock.now + this.latency * this.chance.between(0.5, 1.5));
    this.arrivesAt = at;
    this.clock.after(at - this.clock.now, this.part, () => {
      if (!this.cut) run();
    });
  }

  private pump(): void {
    if (this.pumping || this.frozen || this.cut) return;
    const next = this.waiting[0];
    if (next === undefined) return;
    this.pumping = true;
    const ms = this.rate === Infinity ? 0 : next.size / this.rate;
    this.clock.after(ms, this.part, () => {
      this.pumping = false;
      if (this.frozen || this.cut || this.waiting[0] !== next) return;
      this.waiting.shift();
      this.buffered -= next.size;
      this.fly(next.run);
      this.onDrain();
      this.pump();
    });
  }
}
