import { LogClock } from './clock.ts';
import { type Heard, type Spawn, WorkerLink } from './link.ts';
import type { ReadAnswer, ReaderRequests, ReadQuery, WriterRequests, Written, WriteRow } from './messages.ts';
import type { Settings } from './options.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly spawn: Spawn;
  readonly suspicion: number;
  readonly heard: Heard;
  /** A thread has ended by itself. */
  readonly down: (session: Session, error: Error) => void;
}

/**
 * One opening of the database: a thread that writes, and one that reads. Two, because a reading in the writer's thread
 * waits for its fsync, and a commit for everybody's history after a reconnect storm.
 */
export class Session {
  private readonly settings: Settings;
  private readonly writer: WorkerLink<WriterRequests>;
  private readonly reader: WorkerLink<ReaderRequests>;
  private clock: LogClock;

  private constructor({ settings, spawn, heard, down }: SessionOptions) {
    this.settings = settings;
    this.writer = new WorkerLink(spawn('writer'), heard, (error) => down(this, error));
    this.reader = new WorkerLink(spawn('reader'), heard, (error) => down(this, error));
    this.clock = new LogClock(settings.env, { skew: 0, last: 0 });
  }

  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    try {
      await session.begin(options.suspicion);
      return session;
    } catch (error) {
      await session.terminate();
      throw error;
    }
  }

  write(rows: readonly WriteRow[]): Promise<Written> {
    return this.writer.request('write', { rows, at: this.clock.now(), fresh: this.fresh() });
  }

  read(queries: readonly ReadQuery[]): Promise<readonly ReadAnswer[]> {
    return this.reader.request('read', { queries, at: this.clock.now() });
  }

  repair(channel: string): Promise<undefined> {
    return this.writer.request('repair', { channel, fresh: this.fresh() });
  }

  /** Deletes what has expired, in pieces between which publishes take their turn, and marks a generation. */
  async tidy(): Promise<void> {
    while (await this.writer.request('sweep', { at: this.clock.now(), fresh: this.fresh() })) {
      // There is more.
    }
    await this.writer.request('beat', { clock: this.clock.state() });
  }

  async close(): Promise<void> {
    try {
      // The reader first: the last connection to close is the one that can clear the WAL away.
      await this.reader.request('close', {});
      await this.writer.request('close', { clock: this.clock.state() });
    } finally {
      await this.terminate();
    }
  }

  async terminate(): Promise<void> {
    await Promise.all([this.writer.terminate(), this.reader.terminate()]);
  }

  private async begin(suspicion: number): Promise<void> {
    const { env, file, busyMs, checkBytes } = this.settings;
    const request = { file, busyMs, checkBytes, suspicion, now: env.now(), instance: env.id() };
    const state = await this.writer.request('open', { ...request, fresh: this.fresh() });
    this.clock = new LogClock(env, state);
    await this.reader.request('open', { file, busyMs });
  }

  /** An epoch, in case one is needed: threads have no randomness of their own. */
  private fresh(): string {
    return this.settings.env.id().slice(0, 8);
  }
}
