import { statSync } from 'node:fs';
import type { ClockState } from './clock.ts';
import type { Database } from './driver.ts';
import type { FenceFile } from './fence.ts';
import type { Notice, Vitals } from './messages.ts';
import { stateChecksum, type StateRow } from './rows.ts';

/** The open database with its state row, its fence and its lock. Only the writer has one. */
export class Store {
  readonly db: Database;
  readonly file: string;
  /** What happened that people must hear of; sent along with the next answer. */
  readonly notices: Notice[] = [];
  private readonly fence: FenceFile;
  private readonly lock: Database;
  private current: StateRow;
  /** The generation that the fence file has. */
  private fenced: number;
  private beatenAt = 0;

  constructor(parts: {
    readonly db: Database;
    readonly file: string;
    readonly fence: FenceFile;
    readonly lock: Database;
    readonly state: StateRow;
    readonly fenced: number;
  }) {
    this.db = parts.db;
    this.file = parts.file;
    this.fence = parts.fence;
    this.lock = parts.lock;
    this.current = parts.state;
    this.fenced = parts.fenced;
  }

  get state(): Readonly<StateRow> {
    return this.current;
  }

  /** One transaction of what `work` writes, with the count of commits and what it changes in the state row. */
  commit<T>(work: (next: StateRow) => T): T {
    const next: StateRow = { ...this.current, commits: this.current.commits + 1 };
    const result = this.db.transaction('immediate', () => {
      const done = work(next);
      saveState(this.db, next);
      return done;
    });
    this.current = next;
    try {
      this.fence.note(next.commits);
    } catch (error) {
      // A fence that is behind proves less, and is no reason to refuse what is on disk.
      this.warn(`the fence could not be written: ${String(error)}`);
    }
    return result;
  }

  /** Brings the fence up to the database, and both one generation on. @throws when either cannot be written. */
  beat(change: Partial<StateRow> = {}, clean = false): void {
    if (this.fenced < this.current.generation && !clean) this.writeFence(false);
    this.commit((next) => Object.assign(next, change, { generation: next.generation + 1 }));
    if (!clean) this.writeFence(false);
    this.beatenAt = this.current.commits;
  }

  /** Writes the fence of the generation that the database is in. */
  refence(): void {
    this.writeFence(false);
    this.beatenAt = this.current.commits;
  }

  /** Goes on with the fence that is there. */
  attachFence(): void {
    if (this.fenced >= 0) this.fence.attach(this.fenced);
  }

  /** Whether anything has happened since the last beat that the fence or the clock should know. */
  needsBeat({ skew }: ClockState): boolean {
    const moved = Math.abs(skew - this.current.clock_skew) > 1000;
    return moved || this.current.commits > this.beatenAt || this.fenced < this.current.generation;
  }

  vitals(): Vitals {
    const [main, wal] = [this.file, `${this.file}-wal`].map(
      (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
    );
    return { bytes: (main ?? 0) + (wal ?? 0), generation: this.current.generation, fenced: this.fenced };
  }

  warn(message: string): void {
    this.notices.push({ kind: 'warn', message });
  }

  /** Marks the end, moves the WAL into the database and lets go of the lock. */
  close({ skew, last }: ClockState): void {
    try {
      // The generation may grow again only once the fence has the last one.
      if (this.fenced < this.current.generation) this.writeFence(false);
      this.beat({ clock_skew: skew, clock_last: last }, true);
      this.db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      this.db.close();
      this.writeFence(true);
    } finally {
      this.abandon();
    }
  }

  /** Lets go of everything without a mark. */
  abandon(): void {
    this.fence.close();
    for (const db of [this.db, this.lock]) {
      try {
        db.close();
      } catch {
        // It is closed.
      }
    }
  }

  private writeFence(clean: boolean): void {
    const { generation, instance, commits } = this.current;
    this.fence.write({ generation, instance, commits, clean });
    this.fenced = generation;
  }
}

export function saveState(db: Database, state: StateRow): void {
  state.crc = stateChecksum(state);
  const { instance, birth, generation, commits, ino, born, clock_skew, clock_last, crc } = state;
  db.prepare(
    `INSERT OR REPLACE INTO state
      (one, instance, birth, generation, commits, ino, born, clock_skew, clock_last, crc)
      VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(instance, birth, generation, commits, ino, born, clock_skew, clock_last, crc);
}
