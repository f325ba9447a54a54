import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type {
  Cancel,
  Deliver,
  Draft,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '@thrum/core';
import type { Publication } from '@thrum/protocol';
import { createNodeEnv } from '../../node/env.ts';
import { createLog } from '../../node/log.ts';
import { createCounters } from './counters.ts';
import { SqliteBrokerError, toBrokerError, WorkerFailure } from './errors.ts';
import { type Spawn, spawnWorker } from './link.ts';
import type { Notice, Vitals } from './messages.ts';
import type { Counters, Settings, SqliteBroker, SqliteBrokerOptions } from './options.ts';
import { ReadQueue } from './read-queue.ts';
import { Session } from './session.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * A broker on an SQLite file. An outcome `published` means fsynced: it survives kill -9 and power loss. One process at a
 * time; a second one is refused.
 *
 * Beside the file it keeps `-wal`, `-shm` (SQLite's), `-lock` and `-fence.<n>` ({@link Fence}). A backup is taken with
 * SQLite's own means (`sqlite3 thrum.db ".backup copy.db"`); once it is put back, every channel begins a new epoch.
 */
export function createSqliteBroker(options: SqliteBrokerOptions): SqliteBroker {
  return new SqliteFileBroker(options, spawnWorker);
}

function toSettings(options: SqliteBrokerOptions): Settings {
  const file = resolve(options.file);
  const isFolder =
    /[/\\]$/.test(options.file) || statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  return {
    groupMs: 0,
    maxBatch: 1000,
    maxBatchSize: 4 * 1024 * 1024,
    maxPending: 100_000,
    maxPendingSize: 64 * 1024 * 1024,
    busyMs: 2000,
    checkBytes: 1024 ** 3,
    sweepMs: 30_000,
    ...options,
    env: options.env ?? createNodeEnv(),
    log: options.log ?? createLog(),
    onEpochChange: options.onEpochChange,
    file: isFolder ? join(file, 'thrum.db') : file,
  };
}

/** {@link createSqliteBroker} with a choice of threads, for tests that end one. */
export class SqliteFileBroker implements SqliteBroker {
  readonly durable = true;
  readonly ready: Promise<void>;
  readonly stats: Counters = createCounters();
  private readonly settings: Settings;
  private readonly spawn: Spawn;
  private readonly subscribers = new Map<string, Set<Deliver>>();
  private readonly writes: WriteQueue;
  private readonly reads: ReadQueue;
  /** Opening or open. */
  private session: Promise<Session> | undefined;
  private current: Session | undefined;
  private suspicion = 0;
  private tidying: Cancel | undefined;
  private ended: Promise<void> | undefined;

  constructor(options: SqliteBrokerOptions, spawn: Spawn) {
    this.settings = toSettings(options);
    this.spawn = spawn;
    this.writes = new WriteQueue({
      settings: this.settings,
      stats: this.stats,
      notify: (channel, publication) => this.notify(channel, publication),
      write: async (rows) => {
        const { outcomes, commitMs } = await this.use((session) => session.write(rows));
        this.suspicion = 0;
        this.stats.commits += 1;
        this.stats.commitSeconds.add(commitMs / 1000);
        this.stats.batch.add(rows.length);
        return outcomes;
      },
    });
    this.reads = new ReadQueue({
      read: (queries) => this.use((session) => session.read(queries)),
      repair: (channel) => this.use((session) => session.repair(channel)),
    });
    this.ready = this.open().then(
      () => undefined,
      (error: unknown) => {
        throw toBrokerError(error);
      },
    );
    // Whoever awaits it is told; it was logged, and each publish and read is told again.
    this.ready.catch(() => undefined);
  }

  async publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    this.refuseWhenClosed();
    const transient = options.retention === undefined && options.idempotency === undefined;
    if (!transient || this.writes.holds(channel)) return this.writes.add(channel, draft, options);
    this.notify(channel, draft);
    return { kind: 'published' };
  }

  async read(channel: string, options: ReadOptions): Promise<LogPage> {
    this.refuseWhenClosed();
    return this.reads.add(channel, options);
  }

  subscribe(channel: string, deliver: Deliver): () => void {
    // Two subscriptions with one function are two.
    const own: Deliver = (publication) => deliver(publication);
    const all = this.subscribers.get(channel) ?? new Set();
    this.subscribers.set(channel, all.add(own));
    return () => {
      all.delete(own);
      if (all.size === 0 && this.subscribers.get(channel) === all) this.subscribers.delete(channel);
    };
  }

  close(): Promise<void> {
    this.ended ??= this.end();
    return this.ended;
  }

  private refuseWhenClosed(): void {
    if (this.ended !== undefined) throw new SqliteBrokerError('closed', 'This broker was closed');
  }

  private notify(channel: string, publication: Publication): void {
    for (const deliver of this.subscribers.get(channel) ?? []) {
      try {
        deliver(publication);
      } catch (error) {
        // The others, and those behind it in the batch, have been promised theirs.
        this.settings.log.error('a subscriber failed', { channel }, error);
      }
    }
  }

  private open(): Promise<Session> {
    if (this.session !== undefined) return this.session;
    const { settings, spawn, suspicion } = this;
    const opening = Session.open({
      settings,
      spawn,
      suspicion,
      heard: (notices, vitals) => this.heard(notices, vitals),
      down: (session, error) => this.drop(session, error),
    });
    this.session = opening;
    opening.then(
      (session) => {
        this.current = session;
        this.stats.state = 'ready';
        this.tidyLater();
      },
      (error: unknown) => {
        if (this.session === opening) this.session = undefined;
        this.stats.state = 'down';
        settings.log.error('the database could not be opened', { file: settings.file }, error);
      },
    );
    return opening;
  }

  /** Works with the open database; what shows that it is damaged ends this opening of it. */
  private async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.open();
    try {
      return await work(session);
    } catch (error) {
      const damaged = error instanceof WorkerFailure && ['damaged', 'foreign'].includes(error.failure);
      if (damaged) {
        this.suspicion += 1;
        this.drop(session, error);
      }
      throw error;
    }
  }

  /** Ends an opening; the next publish or read opens anew and finds out what there is. */
  private drop(session: Session, error: Error): void {
    if (this.current !== session) return;
    this.current = undefined;
    this.stats.state = 'down';
    this.stats.restarts += 1;
    this.settings.log.error('the database is opened anew', { file: this.settings.file }, error);
    // The lock is free once the threads have ended.
    this.session = session.terminate().then(() => {
      this.session = undefined;
      return this.open();
    });
    this.session.catch(() => undefined);
  }

  private heard(notices: readonly Notice[], vitals: Vitals | undefined): void {
    const { file, log, onEpochChange } = this.settings;
    if (vitals !== undefined) {
      const { bytes, generation, fenced } = vitals;
      Object.assign(this.stats, { bytes, generation, fenceBehind: fenced < generation ? 1 : 0 });
    }
    for (const notice of notices) {
      if (notice.kind === 'warn') log.warn(notice.message, { file });
      else if (notice.kind === 'opened') log.info('the log is open', { file, ...notice.facts });
      else {
        const { channel, reason, setAside } = notice;
        const what = { reason, ...(setAside === undefined ? {} : { setAside }) };
        this.stats.epochChanges += 1;
        log.error(
          `${channel === null ? 'every channel' : 'a channel'} begins a new epoch: its subscribers are told that something may be missing`,
          { file, ...(channel === null ? {} : { channel }), ...what },
        );
        onEpochChange?.(channel === null ? { all: true, ...what } : { all: false, channel, ...what });
      }
    }
  }

  private tidyLater(): void {
    this.tidying?.();
    if (this.ended === undefined) {
      this.tidying = this.settings.env.timer(this.settings.sweepMs, () => void this.tidy());
    }
  }

  private async tidy(): Promise<void> {
    try {
      await this.use((session) => session.tidy());
    } catch (error) {
      this.settings.log.warn('expired publications could not be swept', { file: this.settings.file }, error);
    }
    this.tidyLater();
  }

  private async end(): Promise<void> {
    this.tidying?.();
    await Promise.all([this.writes.drained(), this.reads.drained()]);
    const session = await this.session?.catch(() => undefined);
    this.session = undefined;
    try {
      await session?.close();
    } catch (error) {
      this.settings.log.warn('the database was not closed cleanly', { file: this.settings.file }, error);
    }
    this.subscribers.clear();
    this.stats.state = 'closed';
  }
}
