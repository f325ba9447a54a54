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

  constructor(
    code: ThrumErrorCode,
    message: string,
    retry = false,
    details: { readonly after?: unknown; readonly channel?: unknown; readonly cause?: unknown } = {},
  ) {
    const { after, channel, cause } = details;
    super(message, { cause });
    this.code = code;
    this.retry = retry;
    this.after = readMilliseconds(after);
    this.channel = typeof channel === 'string' ? channel : undefined;
  }
}

// Five minutes: no server can make a client sleep for longer than that.
const longestPause = 300_000;

/** A delay the server asks for, or `undefined` when it is no usable number. */
export function readMilliseconds(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? Math.min(value, longestPause) : undefined;
}

/** Tells the host about an exception of the application's own code without letting it stop anything. */
function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  // oxlint-disable-next-line no-console -- Node has no reportError, and silence would hide the application's bug
  else console.error(error);
}

/**
 * Runs a listener so that neither its exception nor its rejected promise gets out. Returns a promise only where the
 * listener did.
 */
export function safely(run: () => unknown): Promise<unknown> | undefined {
  try {
    const result = run();
    if (typeof result === 'object' && result !== null) return Promise.resolve(result).catch(report);
  } catch (error) {
    report(error);
  }
  return undefined;
}

/** Calls each listener that no earlier one has removed; none can stop the rest. */
export function notify<Args extends readonly unknown[]>(
  listeners: ReadonlySet<(...args: Args) => unknown>,
  ...args: Args
): void {
  for (const listener of [...listeners]) if (listeners.has(listener)) safely(() => listener(...args));
}
