import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Env, PutOptions, Store, StoreRecord } from '@thrum/core';
import { LogClock } from '../../brokers/sqlite/clock.ts';
import { type Database, failureOf, openDatabase } from '../../brokers/sqlite/driver.ts';
import { createNodeEnv } from '../../node/env.ts';
import { checkOwner, migrate } from '../../brokers/sqlite/migrate.ts';
import { readState, saveState, storeSchema } from './schema.ts';

export interface SqliteStoreOptions {
  /** The database file, or a folder, in which it is called `store.db`. Made when there is none. */
  readonly file: string;
  /** Default: Node's clocks and timers. */
  readonly env?: Env;
  /** Milliseconds to wait for a tool that holds a lock on the database. Default 2000. */
  readonly busyMs?: number;
}

interface Row {
  readonly value: string;
  readonly version: number;
}

interface Waiting {
  readonly run: () => void;
  readonly reject: (error: unknown) => void;
}

const sweepEvery = 60_000;

/**
 * A {@link Store} on an SQLite file of its own: a resolved put is on disk (WAL, `synchronous=FULL`). For one node; what is
 * asked for in one turn of the event loop is one transaction, one fsync. The database runs in this thread, so each such
 * transaction holds the event loop up for as long as the disk takes to sync.
 * @throws Error when the file cannot be opened, is no store of ours, or was written by a later version.
 */
export function createSqliteStore(options: SqliteStoreOptions): Store {
  return new SqliteStore(options);
}

class SqliteStore implements Store {
  readonly durable = true;
  private readonly db: Database;
  private readonly clock: LogClock;
  private readonly env: Env;
  private readonly waiting: Waiting[] = [];
  private stopSweep: () => void;
  /** What to resolve once the transaction under way has been committed. */
  private settled: (() => void)[] = [];
  /** Whether the transaction under way has changed anything: one that only reads needs no sync. */
  private written = false;
  private closed = false;

  constructor({ file, env = createNodeEnv(), busyMs = 2000 }: SqliteStoreOptions) {
    const path = pathOf(file);
    this.env = env;
    this.db = openDatabase(path, { busyMs });
    try {
      checkOwner(this.db, path, storeSchema);
      this.db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      migrate(this.db, storeSchema);
      this.clock = new LogClock(env, readState(this.db));
    } catch (error) {
      this.db.close();
      throw explained(error, path);
    }
    this.stopSweep = env.timer(sweepEvery, () => this.sweep());
  }

  get(namespace: string, key: string): Promise<StoreRecord | undefined> {
    return this.enqueue(() => {
      const row = this.find(namespace, key);
      return row && { value: JSON.parse(row.value) as unknown, version: row.version };
    });
  }

  put(namespace: string, key: string, value: unknown, options: PutOptions = {}): Promise<number | undefined> {
    let text: string;
    try {
      // At once: the caller may change the value before its turn comes.
      text = toText(value);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.enqueue(() => this.write(namespace, key, text, options));
  }

  delete(namespace: string, key: string): Promise<boolean> {
    return this.enqueue(() => {
      const found = this.find(namespace, key) !== undefined;
      this.written ||= found;
      this.db
        .prepare('DELETE FROM records WHERE namespace = ? AND key = ?')
        .run(encode(namespace), encode(key));
      return found;
    });
  }

  close(): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    this.stopSweep();
    this.db.close();
  }

  private find(namespace: string, key: string): Row | undefined {
    return this.db
      .prepare('SELECT value, version FROM records WHERE namespace = ? AND key = ? AND expires > ?')
      .get<Row>(encode(namespace), encode(key), this.clock.now());
  }

  private write(
    namespace: string,
    key: string,
    text: string,
    { ttl, expect }: PutOptions,
  ): number | undefined {
    if (expect !== undefined && expect !== (this.find(namespace, key)?.version ?? 'absent')) return undefined;
    this.written = true;
    const { version = 0 } =
      this.db
        .prepare('UPDATE state SET version = version + 1 RETURNING version')
        .get<{ version: number }>() ?? {};
    this.db
      .prepare(
        'INSERT OR REPLACE INTO records (namespace, key, value, version, expires) VALUES (?, ?, ?, ?, ?)',
      )
      // As a real number, which unlike an integer has an infinity: a record without a ttl never expires.
      .run(
        encode(namespace),
        encode(key),
        text,
        version,
        ttl === undefined ? Infinity : this.clock.now() + ttl,
      );
    return version;
  }

  /** Runs `work` with everything else of this turn in one transaction, and resolves once that is on disk. */
  private enqueue<T>(work: () => T): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the store is closed'));
    return new Promise((resolve, reject) => {
      let result: T;
      this.waiting.push({
        run: () => {
          result = work();
          this.settled.push(() => resolve(result));
        },
        reject,
      });
      if (this.waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  private flush(): void {
    const batch = this.waiting.splice(0);
    if (batch.length === 0 || this.closed) return;
    this.settled = [];
    this.written = false;
    try {
      this.db.transaction('immediate', () => {
        for (const { run } of batch) run();
        if (this.written) saveState(this.db, this.clock.state());
      });
    } catch (error) {
      // All or nothing: whoever is told of a failure may rely on nothing having changed.
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const resolve of this.settled) resolve();
  }

  /** Frees what has expired and nobody asked for. */
  private sweep(): void {
    this.stopSweep = this.env.timer(sweepEvery, () => this.sweep());
    this.enqueue(() => this.db.prepare('DELETE FROM records WHERE expires <= ?').run(this.clock.now())).catch(
      () => {
        // What could not be freed now is freed the next time.
      },
    );
  }
}

/** Cursors and results are not given up without being asked: a handler that ran would run again. */
function explained(error: unknown, path: string): unknown {
  const failure = failureOf(error);
  if (failure !== 'damaged' && failure !== 'foreign') return error;
  const message =
    `${path} is damaged (${(error as Error).message}): put a backup in its place, or move it away with its -wal and -shm ` +
    'to begin without the cursors of named subscribers and the results of idempotent handlers';
  return new Error(message, { cause: error });
}

function pathOf(file: string): string {
  const isFolder = existsSync(file) ? statSync(file).isDirectory() : !/\.[^/\\]+$/u.test(file);
  const path = isFolder ? join(file, 'store.db') : file;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Nobody else may read what users' cursors and results say.
  if (!existsSync(path)) closeSync(openSync(path, 'ax', 0o600));
  return path;
}

function toText(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`expected a JSON value, got ${typeof value}`);
  return text;
}

/** SQLite cuts a text at U+0000 in some of its functions; in JSON there is none. */
function encode(text: string): string {
  return JSON.stringify(text);
}
