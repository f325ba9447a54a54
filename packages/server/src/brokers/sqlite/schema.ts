import type { Database } from './driver.ts';

/** 'Thrm': tells our file from another application's. */
const applicationId = 0x5468726d;

// Publications have a rowid: appending is sequential, and with payloads of 2 KB it took a third of the time that a table
// ordered by (channel, offset) did.
const first = `
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1), instance TEXT NOT NULL, birth TEXT NOT NULL, generation INTEGER NOT NULL,
  commits INTEGER NOT NULL, ino TEXT NOT NULL, born TEXT NOT NULL, clock_skew INTEGER NOT NULL,
  clock_last INTEGER NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE channels (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, top INTEGER NOT NULL,
  floor INTEGER NOT NULL, carried INTEGER NOT NULL, trimmed INTEGER NOT NULL, due INTEGER, touched INTEGER NOT NULL,
  crc INTEGER NOT NULL
);
CREATE INDEX channels_due ON channels (due) WHERE due IS NOT NULL;
CREATE INDEX channels_idle ON channels (touched) WHERE due IS NULL;
CREATE TABLE publications (
  channel INTEGER NOT NULL, offset INTEGER NOT NULL, epoch TEXT NOT NULL, event TEXT NOT NULL, data TEXT, id TEXT,
  sender TEXT, timestamp NUMERIC NOT NULL, expires INTEGER NOT NULL, crc INTEGER NOT NULL
);
CREATE UNIQUE INDEX publications_place ON publications (channel, offset);
CREATE TABLE keys (
  channel INTEGER NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, epoch TEXT, offset INTEGER,
  expires INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (channel, key)
) WITHOUT ROWID;
CREATE INDEX keys_expires ON keys (expires);
`;

/** Each brings the schema from its index to the next version. Forward only, never changed once released. */
const migrations: readonly string[] = [first];

/** @throws Error for a file that is not ours, or of a later version. It is only read. */
export function checkOwner(db: Database, file: string): void {
  const version = Number(db.value('PRAGMA user_version'));
  const id = Number(db.value('PRAGMA application_id'));
  if (isEmpty(db)) return;
  if (version === 0 || id !== applicationId) throw notOurs(file);
  if (version > migrations.length) {
    throw new Error(
      `${file} has schema version ${version}, and this server knows ${migrations.length}: it was written by a later one`,
    );
  }
}

/** Brings the schema up to date in one transaction. */
export function migrate(db: Database): void {
  const version = Number(db.value('PRAGMA user_version'));
  if (version === migrations.length) return;
  db.transaction('immediate', () => {
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
  });
}

/** Whether the schema was never made. */
function isEmpty(db: Database): boolean {
  return (
    Number(db.value('PRAGMA user_version')) === 0 &&
    Number(db.value('SELECT count(*) FROM sqlite_schema')) === 0
  );
}

export function notOurs(file: string): Error {
  return new Error(`${file} is not a Thrum database: give the broker a file or folder of its own`);
}
