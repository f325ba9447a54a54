import type { ClockState } from '../../brokers/sqlite/clock.ts';
import type { Database } from '../../brokers/sqlite/driver.ts';
import type { Schema } from '../../brokers/sqlite/migrate.ts';

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

export const storeSchema: Schema = {
  // 'ThrS', and not the broker's
  applicationId: 0x54687253,
  migrations: [first],
  notOurs: (file) => new Error(`${file} is not a Thrum store: give the store a file or folder of its own`),
};

export function readState(db: Database): ClockState {
  const row = db
    .prepare('SELECT clock_skew AS skew, clock_last AS last FROM state')
    .get<{ skew: number; last: number }>();
  return row ?? { skew: 0, last: 0 };
}

export function saveState(db: Database, { skew, last }: ClockState): void {
  db.prepare('UPDATE state SET clock_skew = ?, clock_last = ?').run(skew, last);
}
