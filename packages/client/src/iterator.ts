import { ThrumError } from './errors.ts';

/** Where an iterator gets its values from. */
export interface Source<T> {
  value(value: T): void;
  /** No more values; with an error the loop throws it once it has had those before. */
  end(error?: ThrumError): void;
}

const maxBuffered = 1000;

/**
 * An async iterator over what a source pushes. Starts the source at once and stops it when the loop is left. A loop
 * that falls more than 1,000 values behind gets those and then `queue_full`: nothing is skipped in silence.
 */
export function iterate<T>(start: (source: Source<T>) => () => void): AsyncIterableIterator<T> {
  const buffer: T[] = [];
  const waiting: { resolve(result: IteratorResult<T>): void; reject(error: ThrumError): void }[] = [];
  let ended = false;
  let failure: ThrumError | undefined;
  let stop: (() => void) | undefined;

  const end = (error?: ThrumError): void => {
    if (ended) return;
    ended = true;
    failure = error;
    stop?.();
    for (const reader of waiting.splice(0)) {
      if (failure === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(failure);
      failure = undefined;
    }
  };
  const value = (next: T): void => {
    const reader = waiting.shift();
    if (ended) return;
    if (reader !== undefined) reader.resolve({ done: false, value: next });
    else if (buffer.length < maxBuffered) buffer.push(next);
    else end(new ThrumError('queue_full', `The loop is more than ${maxBuffered} publications behind`));
  };
  stop = start({ value, end });
  if (ended) stop();

  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (buffer.length > 0) resolve({ done: false, value: buffer.shift() as T });
        else if (failure !== undefined) {
          reject(failure);
          failure = undefined;
        } else if (ended) resolve({ done: true, value: undefined });
        else waiting.push({ resolve, reject });
      }),
    return: () => {
      buffer.length = 0;
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
