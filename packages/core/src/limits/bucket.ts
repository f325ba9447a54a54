/** What a connection may do now: go on, wait, or be closed for abuse. */
export type Verdict = 'allow' | 'limit' | 'abuse';

const window = 1000;

/** So much less than a token still is one: times are fractions, and a hint that was kept must be true. */
const epsilon = 1e-6;

/**
 * A token bucket over a monotonic clock, with room for two seconds' worth, that also notices a flood: more refusals within
 * one second than `rate × abuseFactor`. It keeps one number: when it will be full again.
 */
export class Bucket {
  private fullAt = 0;
  private flood: { since: number; refusals: number } | undefined;

  /** Takes `cost` tokens if they are there. */
  take(rate: number, abuseFactor: number, now: number, cost = 1): Verdict {
    if (this.tokens(rate, now) + epsilon >= cost) {
      this.fullAt = Math.max(this.fullAt, now) + (cost * 1000) / rate;
      return 'allow';
    }
    if (this.flood === undefined || now - this.flood.since >= window)
      this.flood = { since: now, refusals: 0 };
    this.flood.refusals += 1;
    return this.flood.refusals > rate * abuseFactor ? 'abuse' : 'limit';
  }

  /** Milliseconds until the next token. */
  wait(rate: number, now: number): number {
    return Math.ceil(((1 - this.tokens(rate, now)) * 1000) / rate - epsilon);
  }

  private tokens(rate: number, now: number): number {
    return rate * 2 - (Math.max(0, this.fullAt - now) * rate) / 1000;
  }
}
