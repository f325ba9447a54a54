import type { Env } from './env.ts';
import type { Encoded } from './link.ts';

/** Sends what its sources have to say, in their order, below the server's rate limit. */
export interface Pacer {
  /** Sends as much as may go now; call it whenever a source may have something new. */
  pump(): void;
  /** A new connection with this limit, in frames a second (PROTOCOL.md §13 `rate`). */
  reset(rate: number): void;
  /** Counts a frame that went past the pacer. */
  spend(): void;
}

// The server allows a burst of twice the rate; pings and acks come on top of what is counted here.
const burstShare = 1.5;
const rateShare = 0.8;

export function createPacer(env: Env, next: () => Encoded | undefined, send: (data: Encoded) => void): Pacer {
  let perMillisecond = 0;
  let capacity = 0;
  let tokens = 0;
  let filledAt = 0;
  let stopTimer: (() => void) | undefined;

  const refill = (): void => {
    const now = env.monotonic();
    tokens = Math.min(capacity, tokens + (now - filledAt) * perMillisecond);
    filledAt = now;
  };
  const pump = (): void => {
    refill();
    while (tokens >= 1) {
      const data = next();
      if (data === undefined) return;
      tokens -= 1;
      send(data);
    }
    if (perMillisecond === 0) return;
    stopTimer ??= env.timer(Math.ceil((1 - tokens) / perMillisecond), () => {
      stopTimer = undefined;
      pump();
    });
  };
  return {
    pump,
    reset: (rate) => {
      stopTimer?.();
      stopTimer = undefined;
      perMillisecond = (rate * rateShare) / 1000;
      capacity = Math.max(1, rate * burstShare);
      tokens = rate === 0 ? 0 : capacity;
      filledAt = env.monotonic();
    },
    spend: () => {
      tokens -= 1;
    },
  };
}
