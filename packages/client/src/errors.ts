import type { ErrorCode } from '@thrum/protocol';

/** A code of the server (PROTOCOL.md §11), or one of the SDK's own. */
export type ThrumErrorCode =
  | ErrorCode
  | 'out_of_order'
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
 * never sent, and dropped for a newer one or for want of room · `disconnected`: not connected, and not coming back by itself · `too_large`: above the
 * server's message limit.
 */
export class ThrumError extends Error {
  /** For programs; the message is for people. */
  declare readonly code: ThrumErrorCode;
  /** Whether the same request can succeed later without a change. */
  declare readonly retry: boolean;
  /** Milliseconds to wait before trying again, when the server said so. */
  declare readonly after: number | undefined;
  declare readonly channel: string | undefined;

  constructor(
    code: ThrumErrorCode,
    { message = code.replaceAll('_', ' '), retry, after, channel, cause }: ErrorDetails = {},
  ) {
    super(message, { cause });
    this.name = 'ThrumError';
    this.code = code;
    this.retry = retry === true;
    this.after = readDelay(after);
    this.channel = channel;
  }
}

interface ErrorDetails {
  /** Default: what the code says. */
  readonly message?: string;
  readonly retry?: unknown;
  readonly after?: unknown;
  readonly channel?: string;
  readonly cause?: unknown;
}

// Five minutes: no server can make a client sleep for longer than that.
const longestPause = 300_000;

/** A delay the server asks for, in milliseconds. */
export const readDelay = (value: unknown): number | undefined =>
  typeof value === 'number' ? Math.min(value, longestPause) : undefined;

/**
 * Runs code of the application so that neither its exception nor its rejected promise gets out: the host is told, and
 * nothing stops. The promise resolves when it is over.
 */
export const safely = async (run: () => unknown): Promise<void> => {
  try {
    await run();
  } catch (error) {
    // oxlint-disable-next-line no-console -- Node has no reportError, and silence would hide the application's bug
    ((globalThis as Partial<typeof globalThis>).reportError ?? console.error)(error);
  }
};

/** Listeners, each an entry of its own: one function given twice is called twice and leaves one at a time. */
export type Listeners<Args extends readonly unknown[]> = Set<(...args: Args) => unknown>;

/** Calls each listener that no earlier one has removed; none can stop the rest. */
export const notify = <Args extends readonly unknown[]>(
  listeners: Listeners<Args>,
  ...args: Args
): Promise<void>[] =>
  [...listeners].map((listener) => safely(() => listeners.has(listener) && listener(...args)));

/** Adds an entry for the listener; returns what removes it. */
export const listen = <Args extends readonly unknown[]>(
  listeners: Listeners<Args>,
  listener: (...args: Args) => unknown,
): (() => boolean) => {
  const entry = (...args: Args): unknown => listener(...args);
  listeners.add(entry);
  return () => listeners.delete(entry);
};
