import { DatabaseSync, type StatementSync } from 'node:sqlite';

// The one file that knows node:sqlite. It is synchronous, so it is loaded in worker threads only.

type Value = string | number | null;

interface Statement {
  /** How many rows changed, and the rowid of the last insert. */
  run(...values: Value[]): { readonly changes: number; readonly id: number };
  get<Row>(...values: Value[]): Row | undefined;
  all<Row>(...values: Value[]): Row[];
  iterate<Row>(...values: Value[]): Iterable<Row>;
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** The first column of the first row. */
  value(sql: string): Value | undefined;
  /** Runs `work` in one transaction: all of it or, when it throws, nothing. */
  transaction<T>(begin: 'immediate' | 'deferred', work: () => T): T;
  /** Milliseconds that the last COMMIT took, with whatever fsync it needed. */
  readonly commitMs: number;
  close(): void;
}

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  /** How long to wait for another process that holds a lock. */
  readonly busyMs: number;
}

/** Opens or creates the database. */
export function openDatabase(file: string, { readOnly = false, busyMs }: DatabaseOptions): Database {
  const db = new DatabaseSync(file, { readOnly, timeout: busyMs });
  const prepared = new Map<string, Statement>();
  const prepare = (sql: string): Statement => {
    let statement = prepared.get(sql);
    if (statement === undefined) prepared.set(sql, (statement = wrap(db.prepare(sql))));
    return statement;
  };
  let commitMs = 0;
  return {
    exec: (sql) => db.exec(sql),
    prepare,
    value: (sql) => Object.values(db.prepare(sql).get() ?? {})[0] as Value | undefined,
    transaction(begin, work) {
      prepare(begin === 'immediate' ? 'BEGIN IMMEDIATE' : 'BEGIN').run();
      try {
        const result = work();
        const begun = performance.now();
        prepare('COMMIT').run();
        commitMs = performance.now() - begun;
        return result;
      } catch (error) {
        // A full disk or an I/O error may have rolled back already.
        if (db.isTransaction) rollback(db);
        throw error;
      }
    },
    get commitMs() {
      return commitMs;
    },
    close: () => db.close(),
  };
}

function rollback(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // The error that led here says more; what cannot be rolled back ends with the connection.
  }
}

function wrap(statement: StatementSync): Statement {
  return {
    run(...values) {
      const { changes, lastInsertRowid } = statement.run(...values);
      return { changes: Number(changes), id: Number(lastInsertRowid) };
    },
    get: <Row>(...values: Value[]) => statement.get(...values) as Row | undefined,
    all: <Row>(...values: Value[]) => statement.all(...values) as Row[],
    iterate: <Row>(...values: Value[]) => statement.iterate(...values) as Iterable<Row>,
  };
}

/** What went wrong, as far as it decides what to do next. */
export type Failure = 'full' | 'io' | 'sync' | 'busy' | 'damaged' | 'foreign' | 'other';

const primaryCodes: Readonly<Record<number, Failure>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  10: 'io', // SQLITE_IOERR
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'io', // SQLITE_CANTOPEN
  26: 'foreign', // SQLITE_NOTADB
};

/** Thrown where a checksum of ours finds what SQLite's own checks cannot. */
export class DamageError extends Error {
  override readonly name = 'DamageError';
}

/** SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC. */
const syncCodes: readonly number[] = [10 | (4 << 8), 10 | (5 << 8)];

/** Reads the result code of SQLite, or the errno of a file operation, from an error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DamageError) return 'damaged';
  if (typeof error !== 'object' || error === null) return 'other';
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === 'number') {
    return syncCodes.includes(errcode) ? 'sync' : (primaryCodes[errcode & 0xff] ?? 'other');
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full';
  return code === 'EIO' || code === 'EFBIG' || code === 'EROFS' ? 'io' : 'other';
}
