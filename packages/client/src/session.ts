import type { Env } from './env.ts';
import { isRaw } from './wire.ts';
import type { Raw } from './wire.ts';

/** What the `welcome` of this connection allows (PROTOCOL.md §3). */
export interface ServerLimits {
  /** Bytes in one message. */
  readonly message: number;
  /** Frames a second. */
  readonly rate: number;
}

/** The limits in a `welcome`, or the protocol's defaults (§13) where it says nothing usable. */
export function readLimits(welcome: Raw): ServerLimits {
  const limits = isRaw(welcome['limits']) ? welcome['limits'] : {};
  return { message: positive(limits['message']) ?? 65_536, rate: positive(limits['rate']) ?? 50 };
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 1 && Number.isFinite(value) ? value : undefined;
}

/** Milliseconds until the token should be renewed: 90 % of what is left. */
export function renewalDelay(expiresAt: unknown, env: Env): number | undefined {
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) return undefined;
  const left = expiresAt - env.now();
  // A session that has just begun cannot be over: this clock is wrong, and asking in a tight loop would not right it.
  return left > 0 ? Math.max(1000, left * 0.9) : 30_000;
}
