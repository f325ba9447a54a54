import { type ErrorCode, errorInfo } from '@thrum/protocol';
import type { BrokerFailure } from './ports/broker.ts';
import type { Env } from './ports/env.ts';

/**
 * An error that may be told to a client: its code and message travel in an `error` frame. Everything else that is thrown
 * becomes `internal`, and its cause stays in the server's log.
 */
export class ThrumError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds after which another try makes sense. */
  readonly after: number | undefined;
  /** Whether the same frame can succeed later. Default: what PROTOCOL.md §11 says of the code. */
  readonly retry: boolean;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { readonly after?: number; readonly retry?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message ?? errorInfo(code).message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ThrumError';
    this.code = code;
    this.after = options.after;
    this.retry = options.retry ?? errorInfo(code).retry;
  }

  /** The error itself when it is one of ours; otherwise `internal` with the cause kept inside. */
  static from(error: unknown): ThrumError {
    return error instanceof ThrumError ? error : new ThrumError('internal', undefined, { cause: error });
  }
}

/**
 * `unavailable`, with what the broker knows of another try. Its hint is spread by a quarter either way: else everybody
 * who was refused at one moment would be back at one moment.
 */
export function unavailable(error: unknown, env: Pick<Env, 'random'>): ThrumError {
  const { retryable, after } = (error ?? {}) as BrokerFailure;
  if (retryable === false) return new ThrumError('unavailable', undefined, { retry: false, cause: error });
  if (typeof after !== 'number') return new ThrumError('unavailable', undefined, { cause: error });
  return new ThrumError('unavailable', undefined, {
    after: Math.round(after * (0.75 + env.random() / 2)),
    cause: error,
  });
}

/**
 * Throw it from a method or message hook to refuse with a sentence that the client gets to read.
 */
export function reject(message: string): ThrumError {
  return new ThrumError('rejected', message);
}
