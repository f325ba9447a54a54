import type { Env } from '@thrum/core';

/** `open` lets nobody through, `probing` waits for the one that tries. */
type State = 'closed' | 'open' | 'probing';
type Input = 'tripped' | 'waited' | 'answered' | 'failed';

const transitions: Readonly<Record<State, Readonly<Partial<Record<Input, State>>>>> = {
  closed: { tripped: 'open' },
  open: { waited: 'probing' },
  probing: { answered: 'closed', failed: 'open' },
};

export interface BreakerOptions {
  readonly env: Pick<Env, 'monotonic'>;
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds it stays open. */
  readonly pause: number;
  readonly changed: (state: State) => void;
}

/** What was let through: in the ordinary way, or as the one try of an open breaker. */
export type Admission = 'ordinary' | 'probe';

/** Leaves a backend alone that does not answer, so that nobody waits for it and it is not run down as it comes back. */
export class Breaker {
  private readonly options: BreakerOptions;
  private state: State = 'closed';
  private failures = 0;
  private openUntil = 0;

  constructor(options: BreakerOptions) {
    this.options = options;
  }

  /** Whether a request may be made now; `undefined` for no. Who got a yes reports the outcome. */
  admit(): Admission | undefined {
    if (this.state === 'closed') return 'ordinary';
    if (this.state === 'probing' || this.options.env.monotonic() < this.openUntil) return undefined;
    this.step('waited');
    return 'probe';
  }

  /** Somebody was there. A request from before it opened says nothing new. */
  answered(): void {
    this.failures = 0;
    this.step('answered');
  }

  failed(admission: Admission): void {
    this.failures += 1;
    if (admission === 'probe') this.step('failed');
    else if (this.failures >= this.options.failures) this.step('tripped');
  }

  private step(input: Input): void {
    const next = transitions[this.state][input];
    if (next === undefined) return;
    this.state = next;
    if (next === 'open') this.openUntil = this.options.env.monotonic() + this.options.pause;
    this.options.changed(next);
  }
}
