import { type ErrorCode, errorInfo } from '@thrum/protocol';

/**
 * An error that may be told to a client: its code and message travel in an `error` frame. Everything else that is thrown
 * becomes `internal`, and its cause stays in the server's log.
 */
export class ThrumError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds after which another try makes sense. */
  readonly after: number | undefined;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { readonly after?: number; readonly cause?: unknown } = {},
  ) {
    super(message ?? errorInfo(code).message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'ThrumError';
    this.code = code;
    this.after = options.after;
  }

  /** The error itself when it is one of ours; otherwise `internal` with the cause kept inside. */
  static from(error: unknown): ThrumError {
    return error instanceof ThrumError ? error : new ThrumError('internal', undefined, { cause: error });
  }
}

/**
 * Throw it from a method or message hook to refuse with a sentence that the client gets to read.
 */
export function reject(message: string): ThrumError {
  return new ThrumError('rejected', message);
}
