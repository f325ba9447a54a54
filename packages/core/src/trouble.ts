import type { Cancel, Env } from './ports/env.ts';
import type { Log, LogFields } from './ports/log.ts';

const windowMs = 10_000;

export interface TroubleParts {
  readonly env: Pick<Env, 'monotonic' | 'timer'>;
  readonly log: Log;
}

/**
 * Something that fails again and again while its cause lasts. The first failure is logged, then every 10 seconds how many
 * more there were, and where successes are told too, that it works again once such a time held some and no failure: an
 * outage is a handful of lines, however much is asked for meanwhile.
 */
export class Trouble {
  private readonly parts: TroubleParts;
  private readonly failure: string;
  private readonly recovery: string | undefined;
  private began = 0;
  private total = 0;
  /** Not told of yet. */
  private more = 0;
  private latest: readonly [LogFields, unknown] = [{}, undefined];
  private hasWorked = false;
  private watching: Cancel | undefined;

  constructor(parts: TroubleParts, says: { readonly failure: string; readonly recovery?: string }) {
    this.parts = parts;
    this.failure = says.failure;
    this.recovery = says.recovery;
  }

  failed(fields: LogFields, error: unknown): void {
    if (this.total === 0) this.began = this.parts.env.monotonic();
    this.total += 1;
    this.hasWorked = false;
    if (this.watching === undefined) {
      this.parts.log.error(this.failure, fields, error);
      this.watch();
    } else {
      this.more += 1;
      this.latest = [fields, error];
    }
  }

  succeeded(): void {
    if (this.total === 0) return;
    this.hasWorked = true;
    if (this.watching === undefined) this.end();
  }

  /** Says what has not been told yet, and stops its timer. */
  close(): void {
    this.watching?.();
    this.watching = undefined;
    this.tellMore();
  }

  private watch(): void {
    this.watching = this.parts.env.timer(windowMs, () => {
      this.watching = undefined;
      if (this.more > 0) {
        this.tellMore();
        this.watch();
      } else if (this.hasWorked) this.end();
      // Neither: nobody has tried since, and whoever tries next finds out.
    });
  }

  private tellMore(): void {
    if (this.more === 0) return;
    const [fields, error] = this.latest;
    this.parts.log.error(`${this.failure}: ${this.more} more in the last 10 s`, fields, error);
    this.more = 0;
  }

  private end(): void {
    const seconds = Math.round((this.parts.env.monotonic() - this.began) / 1000);
    if (this.recovery !== undefined) this.parts.log.info(this.recovery, { failures: this.total, seconds });
    this.total = 0;
  }
}
