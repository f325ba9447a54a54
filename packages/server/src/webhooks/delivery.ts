import type { Cancel, Env, Log } from '@thrum/core';
import type { Batch, Batches } from './batches.ts';
import { WebhookFailure } from './failure.ts';
import type { Poster } from './post.ts';
import { signedHeaders } from './signature.ts';

export interface DeliveryOptions {
  readonly env: Env;
  readonly log: Log;
  readonly poster: Poster;
  readonly url: URL;
  readonly keys: readonly Buffer[];
  readonly batches: Batches;
  /** Milliseconds that events wait for others. */
  readonly gather: number;
  /** Milliseconds for one request. */
  readonly timeout: number;
  /** Milliseconds for which a batch is tried. */
  readonly maxAge: number;
}

/** The first pause after a failure and the longest, in milliseconds. */
const [firstPause, longestPause] = [1000, 60_000];
/** How often a backend may refuse one batch (4xx) before the ones behind it get their turn. */
const mostRefusals = 10;
/** Refusals that pass: the request came too slowly, too early or too often. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/** Sends batches one after the other: the next one only when the backend has taken the one before, or it was given up. */
export class Delivery {
  private readonly options: DeliveryOptions;
  private gathering: Cancel | undefined;
  private pausing: Cancel | undefined;
  private sending: Promise<void> | undefined;
  private failures = 0;
  private refusals = 0;
  private closing = false;

  constructor(options: DeliveryOptions) {
    this.options = options;
  }

  /** Something was added: in a moment it is sent, or where that is not possible now, stored, with what comes until then. */
  wake(): void {
    if (this.closing || this.gathering !== undefined) return;
    const { batches, env, gather } = this.options;
    this.gathering = env.timer(gather, () => {
      this.gathering = undefined;
      if (this.sending === undefined && this.pausing === undefined) this.send();
      else void batches.save();
    });
  }

  /** Sends what waits, until a try fails or `ms` are over. What is left is in the store, if that is durable. */
  async close(ms: number): Promise<void> {
    const { batches, env } = this.options;
    this.closing = true;
    this.gathering?.();
    this.pausing?.();
    void batches.save();
    this.send();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = env.timer(ms, resolve);
    await Promise.race([late, this.finished()]);
    cancel();
    await batches.stop();
  }

  private async finished(): Promise<void> {
    while (this.sending !== undefined) await this.sending;
  }

  private send(): void {
    if (this.sending !== undefined) return;
    const batch = this.options.batches.take();
    if (batch === undefined) return;
    this.sending = this.deliver(batch).then((pause) => {
      this.sending = undefined;
      if (pause === undefined) this.goOn();
      else if (!this.closing) {
        this.pausing = this.options.env.timer(pause, () => {
          this.pausing = undefined;
          this.send();
        });
      }
    });
  }

  private goOn(): void {
    const { batches } = this.options;
    if (this.closing || batches.hasSealed) this.send();
    else if (batches.size > 0) this.wake();
  }

  /** Milliseconds until the next try; `undefined` when this batch is done with. Never rejects. */
  private async deliver(batch: Batch): Promise<number | undefined> {
    const { batches, env, keys, log, poster, timeout, url } = this.options;
    // First: the same id must go with the same body after a crash too.
    await batches.save();
    const headers = signedHeaders(keys, batch.id, Math.floor(env.now() / 1000), batch.body);
    try {
      await poster.post({ url, headers, body: batch.body, ms: timeout });
      if (this.failures > 0) log.info('webhook events are delivered again', { host: url.host });
      batches.remove(batch);
    } catch (error) {
      batches.release();
      const failure = WebhookFailure.from(error);
      const pause = this.pauseAfter(failure, batch);
      if (pause !== undefined) {
        const { failures: tries } = this;
        log.warn('webhook events were not taken', {
          host: url.host,
          id: batch.id,
          tries,
          reason: failure.message,
        });
        return pause;
      }
      batches.giveUp(batch, `the backend ${failure.message}`);
    }
    this.failures = 0;
    this.refusals = 0;
    return undefined;
  }

  /** Exponential, half of it random; `undefined` when this was the last try. */
  private pauseAfter({ status = 0, retryAfter = 0 }: WebhookFailure, { since }: Batch): number | undefined {
    const { env, maxAge } = this.options;
    if (status >= 400 && status < 500 && !passing.has(status)) this.refusals += 1;
    const pause = Math.min(longestPause, firstPause * 2 ** this.failures) * (0.5 + env.random() / 2);
    this.failures += 1;
    if (this.refusals >= mostRefusals || env.monotonic() - since >= maxAge) return undefined;
    return Math.min(longestPause, Math.max(pause, retryAfter));
  }
}
