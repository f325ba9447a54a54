import type { ErrorCode } from '@thrum/protocol';

/** A code of the server (PROTOCOL.md §11), or one of the SDK's own. */
export type ThrumErrorCode =
  | ErrorCode
  | 'timeout'
  | 'aborted'
  | 'expired'
  | 'queue_full'
  | 'disconnected'
  | 'too_large';

/** What a {@link ThrumError} carries besides its code and message. */
export interface ThrumErrorDetails {
  readonly retry?: boolean;
  readonly after?: number | undefined;
  readonly channel?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Every refusal, of the server or of the SDK itself.
 *
 * `timeout`: no answer in time · `aborted`: the caller's signal · `expired`: older than `queue.maxAge` · `queue_full`:
 * dropped for a newer one · `disconnected`: not connected, and not coming back by itself · `too_large`: above the
 * server's message limit.
 */
export class ThrumError extends Error {
  override readonly name: string = 'ThrumError';
  /** For programs; the message is for people. */
  readonly code: ThrumErrorCode;
  /** Whether the same request can succeed later without a change. */
  readonly retry: boolean;
  /** Milliseconds to wait before trying again, when the server said so. */
  readonly after: number | undefined;
  readonly channel: string | undefined;

  constructor(code: ThrumErrorCode, message: string, details: ThrumErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.retry = details.retry ?? false;
    this.after = details.after;
    this.channel = details.channel;
  }
}

/** Tells the host about an exception of the application's own code without letting it stop anything. */
export function report(error: unknown): void {
  try {
    if (typeof reportError === 'function') reportError(error);
    // oxlint-disable-next-line no-console -- Node has no reportError, and silence would hide the application's bug
    else console.error(error);
  } catch {
    // A host whose reporter throws has nothing left to tell.
  }
}

/**
 * Runs a listener so that neither its exception nor its rejected promise gets out. Returns a promise only where the
 * listener did.
 */
export function safely(run: () => unknown): Promise<unknown> | undefined {
  try {
    const result = run();
    if (typeof result !== 'object' || result === null || !('then' in result)) return undefined;
    return Promise.resolve(result).catch(report);
  } catch (error) {
    report(error);
    return undefined;
  }
}
