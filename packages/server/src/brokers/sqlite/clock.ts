import type { Env } from '@thrum/core';

/** What of the clock is kept in the database. */
export interface ClockState {
  /** Wall clock − log time when last looked at. */
  readonly skew: number;
  /** The last log time seen. */
  readonly last: number;
}

/**
 * The time by which retention and keys expire: *log time*.
 *
 * While a process runs only its monotonic clock moves log time, so a jump of the wall clock changes no deadline. Between
 * two runs there is nothing but the wall clock to measure the pause by. What is kept is therefore not wall time but its
 * distance from log time, renewed at each beat: a machine that booted in 1970 and was set right an hour later does not
 * find all its keys expired at the next start. Log time never goes back: a wall clock that did, during the pause, makes
 * deadlines later, which is the side on which keys are allowed to err. What remains is a wall clock set forward while the
 * server was down; nothing tells that from a long pause.
 */
export class LogClock {
  private readonly env: Pick<Env, 'now' | 'monotonic'>;
  private readonly base: number;

  constructor(env: Pick<Env, 'now' | 'monotonic'>, { skew, last }: ClockState) {
    this.env = env;
    this.base = Math.max(last, env.now() - skew) - env.monotonic();
  }

  now(): number {
    return this.base + this.env.monotonic();
  }

  state(): ClockState {
    const last = this.now();
    return { skew: Math.round(this.env.now() - last), last: Math.floor(last) };
  }
}
