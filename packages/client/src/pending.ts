import type { Env } from './env.ts';
import { ThrumError } from './errors.ts';

/** What a caller may say about how long to wait. */
export interface WaitOptions {
  /** Milliseconds until the promise rejects with `timeout`. */
  readonly timeout?: number | undefined;
  /** Rejects the promise with `aborted` when it fires. */
  readonly signal?: AbortSignal | undefined;
}

export interface Pending<T> {
  readonly promise: Promise<T>;
  settled(): boolean;
  resolve(value: T): void;
  reject(error: ThrumError): void;
}

/** A promise that settles once: by its owner, by a deadline, or by the caller's signal. */
export function createPending<T>(
  env: Env,
  deadline: {
    readonly ms: number;
    readonly code: 'timeout' | 'expired';
    readonly signal: AbortSignal | undefined;
  },
  onSettled: (error?: ThrumError) => void,
): Pending<T> {
  const { ms, code, signal } = deadline;
  let settled = false;
  let accept!: (value: T) => void;
  let refuse!: (error: ThrumError) => void;
  const promise = new Promise<T>((resolve, reject) => {
    accept = resolve;
    refuse = reject;
  });
  // A refusal nobody waits for must not end a Node process as an unhandled rejection.
  promise.catch(() => undefined);

  const settle = (error?: ThrumError): boolean => {
    if (settled) return false;
    settled = true;
    cancel();
    signal?.removeEventListener('abort', abort);
    onSettled(error);
    return true;
  };
  const reject = (error: ThrumError): void => {
    if (settle(error)) refuse(error);
  };
  const abort = (): void => {
    reject(new ThrumError('aborted', 'Aborted by the caller', { cause: signal?.reason }));
  };
  const cancel = env.timer(ms, () => {
    reject(new ThrumError(code, `No answer within ${ms} ms`, { retry: true }));
  });
  if (signal?.aborted === true) abort();
  else signal?.addEventListener('abort', abort);

  return {
    promise,
    settled: () => settled,
    resolve: (value) => {
      if (settle()) accept(value);
    },
    reject,
  };
}
