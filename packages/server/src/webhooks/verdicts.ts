import { createHash } from 'node:crypto';
import type { Env } from '@thrum/core';

export interface VerdictsOptions {
  readonly env: Pick<Env, 'monotonic'>;
  readonly entries: number;
  /** The longest that any answer is remembered, in milliseconds. */
  readonly longest: number;
}

interface Remembered {
  readonly allow: boolean;
  readonly until: number;
}

/** Answers that said how long they hold. The one that was asked for longest ago gives way. */
export class Verdicts {
  private readonly options: VerdictsOptions;
  private readonly remembered = new Map<string, Remembered>();

  constructor(options: VerdictsOptions) {
    this.options = options;
  }

  get(key: string): boolean | undefined {
    const found = this.remembered.get(key);
    if (found === undefined) return undefined;
    this.remembered.delete(key);
    if (found.until <= this.options.env.monotonic()) return undefined;
    this.remembered.set(key, found);
    return found.allow;
  }

  /** `ms` of 0 remembers nothing. */
  put(key: string, allow: boolean, ms: number): void {
    const { entries, env, longest } = this.options;
    this.remembered.delete(key);
    if (!(Math.min(ms, longest) > 0)) return;
    this.remembered.set(key, { allow, until: env.monotonic() + Math.min(ms, longest) });
    if (this.remembered.size <= entries) return;
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined) this.remembered.delete(oldest);
  }
}

const digests = new WeakMap<object, string>();

/**
 * A short text that is the same for the same claims: what two tokens of one user say may differ, and an answer for one of
 * them is none for the other. Worked out once for each session.
 */
export function claimsKey(claims: object): string {
  const known = digests.get(claims);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(JSON.stringify(claims)).digest('base64url');
  digests.set(claims, digest);
  return digest;
}
