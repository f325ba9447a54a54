/**
 * Why a backend gave no answer that counts. `down`: nobody answered, or somebody in front of it said so. `answered`: the
 * backend lives, but this is no answer. `ours`: the request was never made.
 */
export type FailureKind = 'down' | 'answered' | 'ours';

/** A request without a usable answer. Its message has nothing of what was sent or received. */
export class WebhookFailure extends Error {
  readonly kind: FailureKind;
  /** The status, when there was one. */
  readonly status: number | undefined;
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    details: {
      readonly status?: number;
      readonly retryAfter?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'WebhookFailure';
    this.kind = kind;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
  }

  static from(error: unknown): WebhookFailure {
    if (error instanceof WebhookFailure) return error;
    const { code } = error as NodeJS.ErrnoException;
    return new WebhookFailure('down', `cannot be reached${code === undefined ? '' : ` (${code})`}`, {
      cause: error,
    });
  }
}
