import { RedisBrokerError } from './errors.ts';

/** Whether who asked has been told that it took too long. */
export interface Deadline {
  readonly isOver: boolean;
}

/**
 * Gives up waiting after `ms` of this machine's time. What was asked for goes on: it may still come to pass.
 * @throws RedisBrokerError `timeout`, its outcome unknown.
 */
export async function within<T>(ms: number, work: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = { isOver: false };
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    deadline.isOver = true;
    reject(new RedisBrokerError('timeout', `Redis gave no answer for ${ms} ms`, { outcome: 'unknown' }));
  }, ms);
  const working = work(deadline);
  try {
    return await Promise.race([working, promise]);
  } finally {
    clearTimeout(timer);
    // Once it was given up, nobody waits for how it ends.
    working.catch(() => undefined);
  }
}
