import { ThrumError } from './errors.ts';

const maxBuffered = 1000;

/**
 * What a source pushes, as a loop takes it. The source starts with the first `next()` and stops when the loop is left.
 * A loop that falls more than 1,000 values behind gets those and then `queue_full`: nothing is skipped in silence.
 */
export async function* iterate<T>(
  start: (value: (value: T) => void, end: (error?: ThrumError) => void) => () => void,
): AsyncGenerator<T, undefined> {
  const buffer: T[] = [];
  let wake = (): void => undefined;
  let over = false;
  let failure: ThrumError | undefined;
  const end = (error?: ThrumError): void => {
    if (!over) failure = error;
    over = true;
    wake();
  };
  const stop = start((value) => {
    if (over) return;
    if (buffer.length < maxBuffered) buffer.push(value);
    else end(new ThrumError('queue_full', 'The loop is too slow'));
    wake();
  }, end);
  try {
    for (;;) {
      for (let value = buffer.shift(); value !== undefined; value = buffer.shift()) yield value;
      if (failure !== undefined) throw failure;
      if (over) return undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stop();
  }
}
