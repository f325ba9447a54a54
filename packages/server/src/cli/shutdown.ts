import { exitCodes } from './failure.ts';
import { note } from './output.ts';

/** What is stopped. */
export interface Stoppable {
  readonly connections: () => number;
  readonly close: (drainMs: number) => Promise<void>;
  /** All the time there is, from the signal to the end of the process. */
  readonly seconds: number;
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof signals;

/**
 * npm hands every signal on to its child, which a terminal's Ctrl-C has reached already: the same one again within this
 * time is an echo, not impatience.
 */
const echoMs = 500;
/** Even without a drain, closing takes a moment. */
const shortestMs = 1000;
/** What is left after the drain for closing everything else. */
const drainShare = 0.9;

/**
 * Listens for signals from now on: before the server does, or one that comes with its first line would just kill it.
 * What is returned resolves with the exit code once a signal came and the server has stopped; a second signal ends the
 * process at once.
 */
export function watchSignals(): (server: Stoppable) => Promise<number> {
  let first: { readonly signal: Signal; readonly at: number } | undefined;
  const { promise, resolve } = Promise.withResolvers<Signal>();
  for (const signal of Object.keys(signals) as Signal[]) {
    process.on(signal, () => {
      if (first === undefined) {
        first = { signal, at: performance.now() };
        resolve(signal);
      } else if (first.signal !== signal || performance.now() - first.at > echoMs) {
        note('stopped at once');
        process.exit(signals[signal]);
      }
    });
  }
  return async (server) => {
    // Nothing else may keep the process alive, and without this the end of the event loop would be its end.
    const alive = setInterval(() => undefined, 60_000);
    const signal = await promise;
    clearInterval(alive);
    note(stopping(signal, server));
    return stop(server);
  };
}

async function stop(server: Stoppable): Promise<number> {
  const { seconds, connections, close } = server;
  const started = performance.now();
  const progress = setInterval(() => {
    const left = Math.max(0, seconds - (performance.now() - started) / 1000);
    note(`${count(connections())} left, at most ${left.toFixed(0)} s more`);
  }, 1000);
  const { promise: deadline, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), Math.max(seconds * 1000, shortestMs));
  try {
    const done = await Promise.race([close(seconds * 1000 * drainShare).then(() => true), deadline]);
    const elapsed = ((performance.now() - started) / 1000).toFixed(1);
    note(
      done ? `stopped after ${elapsed} s` : `stopped after ${elapsed} s with ${count(connections())} left`,
    );
    return done ? exitCodes.done : exitCodes.failed;
  } finally {
    clearInterval(progress);
    clearTimeout(timer);
  }
}

function stopping(signal: Signal, { connections, seconds }: Stoppable): string {
  const again = signal === 'SIGINT' ? 'Ctrl-C again' : 'a second signal';
  return `\n${signal}: sending ${count(connections())} away, at most ${seconds} s; ${again} stops at once`;
}

function count(connections: number): string {
  return connections === 1 ? '1 connection' : `${connections} connections`;
}
