import { hostEnv } from '../env.ts';
import type { Env } from '../env.ts';

/** When a call runs. */
export interface ThrottleOptions {
  /** Milliseconds between two runs, counted from the beginning of the first. */
  readonly every: number;
  /** Clock and timers. Default: the host's. */
  readonly env?: Pick<Env, 'monotonic' | 'timer'> | undefined;
}

/** A function that may be called as often as one likes. */
export interface Throttled<Args extends readonly unknown[], Result> {
  /**
   * Runs now, if the last run is long enough ago and has settled; else once it is, with the newest arguments by then. Calls
   * whose arguments were replaced share the promise of the run that took their place.
   */
  (...args: Args): Promise<Result>;
  /**
   * Runs what waits now, beside one that still runs if need be, and settles with it; `undefined` where nothing waits. Before
   * the page goes, for example.
   */
  flush(): Promise<Result> | undefined;
}

interface Waiting<Args, Result> {
  args: Args;
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result | PromiseLike<Result>) => void;
}

/**
 * Runs `run` at most once every so many milliseconds, and never two at a time: the first call at once, then the newest, and
 * the last in any case. For what changes faster than anybody looks:
 *
 * ```ts
 * const move = throttle((at: Point) => cursors.publish('move', at), { every: 50 });
 * ```
 *
 * One value at a time: things that must not replace one another have a throttle each.
 *
 * @throws RangeError for an `every` that is no number above 0.
 */
export const throttle = <Args extends readonly unknown[], Result>(
  run: (...args: Args) => Result | PromiseLike<Result>,
  { every, env = hostEnv }: ThrottleOptions,
): Throttled<Args, Result> => {
  if (!(every > 0 && every < Infinity))
    throw new RangeError(`every: expected a number of milliseconds above 0, got ${String(every)}`);
  let waiting: Waiting<Args, Result> | undefined;
  let openAt = -Infinity;
  let running = 0;
  let stopTimer = (): void => {};

  const start = (): Promise<Result> | undefined => {
    stopTimer();
    const current = waiting;
    if (!current) return undefined;
    waiting = undefined;
    openAt = env.monotonic() + every;
    running += 1;
    const over = (): void => {
      running -= 1;
      look();
    };
    // What `run` throws is the promise's, like what it rejects with.
    const outcome = new Promise<Result>((resolve) => resolve(run(...current.args)));
    outcome.then(over, over);
    current.resolve(outcome);
    return current.promise;
  };
  const look = (): void => {
    stopTimer();
    if (!waiting || running > 0) return;
    const wait = openAt - env.monotonic();
    if (wait <= 0) start();
    else stopTimer = env.timer(Math.ceil(wait), look);
  };

  const call = (...args: Args): Promise<Result> => {
    if (waiting) waiting.args = args;
    else {
      let resolve: Waiting<Args, Result>['resolve'] = () => {};
      const promise = new Promise<Result>((settle) => {
        resolve = settle;
      });
      waiting = { args, promise, resolve };
    }
    const { promise } = waiting;
    look();
    return promise;
  };
  return Object.assign(call, { flush: start });
};
