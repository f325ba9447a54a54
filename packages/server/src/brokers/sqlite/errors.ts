import type { BrokerFailure } from '@thrum/core';
import type { Failure } from './driver.ts';

/** Why the broker could not do what it was asked for. */
export type SqliteBrokerReason =
  | 'disk_full'
  | 'disk_error'
  | 'busy'
  | 'damaged'
  | 'crashed'
  | 'overloaded'
  | 'closed'
  | 'unavailable';

/**
 * Milliseconds after which another try makes sense. A full disk waits for people; a damaged database or a thread that
 * ended takes a moment to be opened anew. How long a queue takes is the queue's to say.
 */
const pauses: Partial<Readonly<Record<SqliteBrokerReason, number>>> = {
  disk_full: 10_000,
  disk_error: 10_000,
  busy: 1000,
  damaged: 1000,
  crashed: 1000,
};

/** A refusal of the SQLite broker. But for `closed`, trying again later makes sense. */
export class SqliteBrokerError extends Error implements BrokerFailure {
  override readonly name = 'SqliteBrokerError';
  readonly reason: SqliteBrokerReason;
  /**
   * What became of the publication: `unchanged` means that the log is as it was, `unknown` that it may have been appended
   * (law 10 of the Broker). An idempotency key makes publishing it again safe either way.
   */
  readonly outcome: 'unchanged' | 'unknown';
  readonly after: number | undefined;

  constructor(
    reason: SqliteBrokerReason,
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
    return this.reason !== 'closed';
  }
}

interface Meaning {
  readonly reason: SqliteBrokerReason;
  /** Before what SQLite says; absent where we said it ourselves. */
  readonly sentence?: string;
  readonly outcome?: 'unknown';
}

const meanings: Readonly<Record<Failure, Meaning>> = {
  full: {
    reason: 'disk_full',
    sentence: 'The disk is full, nothing was written; once there is space again it goes on by itself',
  },
  io: { reason: 'disk_error', sentence: 'The disk reported an error, nothing was written' },
  // The pages of the transaction reached the file before fsync failed. Unless the next commit overwrites them, which it
  // does first of all, a crash now could bring them back.
  sync: {
    reason: 'disk_error',
    sentence: 'The disk could not confirm that it was written',
    outcome: 'unknown',
  },
  busy: { reason: 'busy', sentence: 'Another process holds the database locked' },
  damaged: { reason: 'damaged', sentence: 'The database is damaged; it is being opened anew' },
  foreign: { reason: 'damaged', sentence: 'The database is damaged; it is being opened anew' },
  other: { reason: 'unavailable' },
};

/** An answer of a worker that was no success. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
  readonly failure: Failure;

  constructor(failure: Failure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** For the caller of the broker. */
export function toBrokerError(error: unknown): SqliteBrokerError {
  if (error instanceof SqliteBrokerError) return error;
  if (!(error instanceof WorkerFailure)) {
    return new SqliteBrokerError('unavailable', String(error), { cause: error });
  }
  const { reason, sentence, outcome = 'unchanged' } = meanings[error.failure];
  const message = sentence === undefined ? error.message : `${sentence}: ${error.message}`;
  return new SqliteBrokerError(reason, message, { outcome, cause: error });
}
