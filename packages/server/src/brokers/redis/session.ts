import { Trouble } from '@thrum/core';
import { within } from './deadline.ts';
import { RedisBrokerError, toRedisError } from './errors.ts';
import { type Hear, type Link, openLink } from './link.ts';
import type { Call } from './messages.ts';
import type { Counters, Settings } from './options.ts';
import type { Script } from './scripts.ts';
import { checkFacts, readFacts, type ServerFacts, warnOfFacts } from './server-facts.ts';

const loadingPauseMs = 250;

export interface SessionOptions {
  readonly settings: Settings;
  readonly stats: Counters;
  readonly hear: Hear;
  /** There is a connection again, and wake-ups may have been lost while there was none. */
  readonly back: () => void;
}

/** The connections of a broker, what is known of the servers behind them, and the way a script gets there. */
export class Session {
  /** Settles with the first connection. */
  readonly ready: Promise<void>;
  /** Whether a restart of a server can have lost nothing. */
  trustsRestarts = false;
  private readonly options: SessionOptions;
  private readonly outage: Trouble;
  private readonly opening: Promise<Link>;
  private link: Link | undefined;
  /** Why nothing may be written for now. */
  private refusal: RedisBrokerError | undefined;
  private latest: unknown;
  private inspecting: Promise<void> | undefined;
  private isStale = false;
  private wasReady = false;
  private isClosed = false;

  constructor(options: SessionOptions) {
    const { settings, hear } = options;
    this.options = options;
    this.outage = new Trouble(settings, {
      failure: 'Redis cannot be used',
      recovery: 'Redis can be used again',
    });
    this.opening = openLink(settings, hear, {
      ready: (connection) => this.connected(connection === 'subscriptions'),
      failed: (error) => this.failed(error),
    }).then((link) => this.opened(link));
    this.opening.catch((error: unknown) => {
      this.options.stats.state = 'down';
      this.failed(error);
    });
    this.ready = this.begin();
    // Whoever awaits it is told; it was logged, and each publish and read is told again.
    this.ready.catch(() => undefined);
  }

  /** Runs a script in one step. @throws RedisBrokerError within `timeoutMs`. */
  async run(script: Script, { keys, args }: Call): Promise<unknown> {
    return this.ask(async (link, deadline) => {
      // Another server may be behind a connection that has just been made, and promise less.
      if (this.inspecting !== undefined) await this.inspecting;
      if (this.refusal !== undefined) throw this.refusal;
      const [first = ''] = keys;
      const rest = [String(keys.length), ...keys, ...args];
      try {
        return await link.command(first, ['EVALSHA', script.sha, ...rest]);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        // Later ones of its channel may be on their way by then.
        if (deadline.isOver) throw error;
        return link.command(first, ['EVAL', script.text, ...rest]);
      }
    });
  }

  subscribe(wakeup: string): Promise<void> {
    return this.ask((link) => link.subscribe(wakeup));
  }

  unsubscribe(wakeup: string): Promise<void> {
    return this.ask((link) => link.unsubscribe(wakeup));
  }

  get send(): string {
    return this.link?.send ?? 'PUBLISH';
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.outage.close();
    if (this.link !== undefined) await this.link.close();
    else void this.opening.then((link) => link.close()).catch(() => undefined);
  }

  private async ask<T>(work: (link: Link, deadline: { readonly isOver: boolean }) => Promise<T>): Promise<T> {
    try {
      return await within(this.options.settings.timeoutMs, async (deadline) => {
        // It never left this process, unlike what `within` gives up.
        const link = this.link ?? (await this.opening);
        return work(link, deadline);
      });
    } catch (error) {
      throw toRedisError(error);
    }
  }

  private async begin(): Promise<void> {
    const { timeoutMs, url } = this.options.settings;
    try {
      await within(timeoutMs, async () => {
        await this.opening;
        await this.inspecting;
      });
    } catch (error) {
      const { reason, message } = toRedisError(error);
      if (reason !== 'timeout') throw toRedisError(error);
      const cause = this.latest;
      const why = cause instanceof Error ? cause.message : message;
      throw new RedisBrokerError('unavailable', `Redis at ${url.host} cannot be reached: ${why}`, { cause });
    }
    if (this.refusal !== undefined) throw this.refusal;
  }

  private async opened(link: Link): Promise<Link> {
    this.link = link;
    if (this.isClosed) await link.close();
    else this.connected(false);
    return link;
  }

  private failed(error: unknown): void {
    if (this.isClosed) return;
    this.latest = error;
    if (this.wasReady && this.options.stats.state === 'ready') this.options.stats.restarts += 1;
    if (this.link !== undefined) this.options.stats.state = 'down';
    this.outage.failed({ host: this.options.settings.url.host }, error);
  }

  /** A connection is there: what is behind it may be another server, or the same with other settings. */
  private connected(isStale: boolean): void {
    if (this.link === undefined || this.isClosed) return;
    this.isStale ||= isStale;
    const { link } = this;
    const inspecting = (this.inspecting ?? Promise.resolve())
      .then(() => this.inspect(link))
      .finally(() => {
        if (this.inspecting === inspecting) this.inspecting = undefined;
      });
    this.inspecting = inspecting;
  }

  private async inspect(link: Link): Promise<void> {
    const { settings, stats, back } = this.options;
    try {
      const facts = await within(settings.timeoutMs, () => factsOnceLoaded(link));
      this.judge(facts);
    } catch (error) {
      // It broke again: the next connection is looked at as well.
      this.failed(error);
      return;
    }
    if (this.isClosed || !link.isReady) return;
    stats.state = this.refusal === undefined ? 'ready' : 'down';
    this.wasReady = true;
    this.outage.succeeded();
    if (!this.isStale) return;
    this.isStale = false;
    back();
  }

  private judge(facts: readonly ServerFacts[]): void {
    const { durable, restarts, log } = this.options.settings;
    const isSafe = facts.every(({ syncsAlways, wasPromoted }) => syncsAlways === true && !wasPromoted);
    this.trustsRestarts = restarts === 'keep' || isSafe;
    this.refusal = undefined;
    if (!this.wasReady) warnOfFacts(facts, log);
    try {
      checkFacts(facts, durable);
    } catch (error) {
      this.refusal = toRedisError(error);
      this.outage.failed({ host: this.options.settings.url.host }, error);
    }
  }
}

/** A server that reads its file tells of itself, and refuses everything else. */
async function factsOnceLoaded(link: Link): Promise<readonly ServerFacts[]> {
  for (;;) {
    const facts = await readFacts(link);
    if (!facts.some(({ isLoading }) => isLoading)) return facts;
    await new Promise((resolve) => setTimeout(resolve, loadingPauseMs));
  }
}
