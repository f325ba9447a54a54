import type { ClockState } from '../../brokers/sqlite/clock.ts';
import type { Database } from '../../brokers/sqlite/driver.ts';

/** 'ThrS': tells our file from another application's, and from the broker's. */
const applicationId = 0x54687253;

const first = `
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, clock_skew REAL NOT NULL, clock_last REAL NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, 0);
CREATE TABLE records (
  namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL, expires REAL NOT NULL,
  PRIMARY KEY (namespace, key)
) WITHOUT ROWID;
CREATE INDEX records_expires ON records (expires);
`;

/** Each brings the schema from its index to the next version. Forward only, never changed once released. */
const migrations: readonly string[] = [first];

/** @throws Error for a file that is not ours, or of a later version. It is only read. */
export function checkOwner(db: Database, file: string): void {
  const version = Number(db.value('PRAGMA user_version'));
  const isEmpty = version === 0 && Number(db.value('SELECT count(*) FROM sqlite_schema')) === 0;
  if (!isEmpty && Number(db.value('PRAGMA application_id')) !== applicationId) {
    throw new Error(`${file} is not a Thrum store: give the store a file or folder of its own`);
  }
  if (version > migrations.length) {
    throw new Error(
      `${file} has schema version ${version}, and this server knows ${migrations.length}: it was written by a later one`,
    );
  }
}

/** Makes the tables, or brings them up to date, in one transaction. */
export function migrate(db: Database): void {
  const version = Number(db.value('PRAGMA user_version'));
  if (version === migrations.length) return;
  db.transaction('immediate', () => {
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
  });
}

export function readState(db: Database): ClockState {
  const row = db
    .prepare('SELECT clock_skew AS skew, clock_last AS last FROM state')
    .get<{ skew: number; last: number }>();
  return row ?? { skew: 0, last: 0 };
}

export function saveState(db: Database, { skew, last }: ClockState): void {
  db.prepare('UPDATE state SET clock_skew = ?, clock_last = ?').run(skew, last);
}
