/** What a connection may do now: go on, wait, or be closed for abuse. */
export type Verdict = 'allow' | 'limit' | 'abuse';

const window = 1000;

/**
 * A token bucket over a monotonic clock, with room for two seconds' worth, that also notices a flood: more refusals within
 * one second than `rate × abuseFactor`.
 */
export class Bucket {
  private tokens: number;
  private at: number;
  private windowStart: number;
  private refusals = 0;

  constructor(rate: number, now: number) {
    this.tokens = rate * 2;
    this.at = now;
    this.windowStart = now;
  }

  /** Takes `cost` tokens if they are there. */
  take(rate: number, abuseFactor: number, now: number, cost = 1): Verdict {
    this.tokens = Math.min(rate * 2, this.tokens + ((now - this.at) * rate) / 1000);
    this.at = now;
    if (this.tokens >= cost) {
      this.tokens -= cost;
      return 'allow';
    }
    if (now - this.windowStart >= window) {
      this.windowStart = now;
      this.refusals = 0;
    }
    this.refusals += 1;
    return this.refusals > rate * abuseFactor ? 'abuse' : 'limit';
  }

  /** Milliseconds until the next token. */
  wait(rate: number): number {
    return Math.ceil(((1 - this.tokens) * 1000) / rate);
  }
}
