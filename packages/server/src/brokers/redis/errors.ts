import type { BrokerFailure } from '@thrum/core';

/** Why the broker could not do what it was asked for. */
export type RedisBrokerReason =
  | 'unavailable'
  | 'timeout'
  | 'full'
  | 'read_only'
  | 'loading'
  | 'refused'
  | 'not_durable'
  | 'overloaded'
  | 'unsupported'
  | 'closed';

/** Milliseconds after which another try makes sense. What waits for people waits longer. */
const pauses: Partial<Readonly<Record<RedisBrokerReason, number>>> = {
  unavailable: 1000,
  timeout: 1000,
  full: 10_000,
  read_only: 2000,
  loading: 1000,
  refused: 10_000,
  not_durable: 10_000,
};

/** A refusal of the Redis broker. But for `closed` and `unsupported`, trying again later makes sense. */
export class RedisBrokerError extends Error implements BrokerFailure {
  override readonly name = 'RedisBrokerError';
  readonly reason: RedisBrokerReason;
  /**
   * What became of the publication: `unchanged` means that the log is as it was, `unknown` that it may have been appended
   * (law 10 of the Broker). An idempotency key makes publishing it again safe either way.
   */
  readonly outcome: 'unchanged' | 'unknown';
  readonly after: number | undefined;

  constructor(
    reason: RedisBrokerReason,
    message: string,
    options: {
      readonly outcome?: 'unchanged' | 'unknown';
      readonly after?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.reason = reason;
    this.outcome = options.outcome ?? 'unchanged';
    this.after = options.after ?? pauses[reason];
  }

  get retryable(): boolean {
    return this.reason !== 'closed' && this.reason !== 'unsupported';
  }
}

/** What a server's refusal begins with, and what that means. Redis checks all of these before a script writes. */
const replies: readonly (readonly [start: RegExp, reason: RedisBrokerReason, sentence: string])[] = [
  [/^OOM|used memory > 'maxmemory'/, 'full', 'Redis is full (maxmemory), nothing was written'],
  [/^MISCONF/, 'full', 'Redis cannot write to its disk and takes no writes'],
  [/^READONLY/, 'read_only', 'This Redis is a replica, nothing was written'],
  [/^(LOADING|MASTERDOWN)/, 'loading', 'Redis is not ready yet'],
  [/^(CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|NOGOODSLAVE)/, 'unavailable', 'Redis takes nothing right now'],
  [/^(NOAUTH|WRONGPASS|NOPERM)/, 'refused', 'Redis refuses this user'],
];

/** For the caller of the broker. */
export function toRedisError(error: unknown): RedisBrokerError {
  if (error instanceof RedisBrokerError) return error;
  const { message, name } = error instanceof Error ? error : { message: String(error), name: '' };
  for (const [start, reason, sentence] of replies) {
    if (start.test(message)) return new RedisBrokerError(reason, `${sentence}: ${message}`, { cause: error });
  }
  // It never left this process.
  const unsent =
    /^(ClientOffline|ClientClosed)/.test(error?.constructor?.name ?? '') || name === 'AbortError';
  const outcome = unsent ? 'unchanged' : 'unknown';
  return new RedisBrokerError('unavailable', `Redis cannot be reached: ${message}`, {
    outcome,
    cause: error,
  });
}
