import type { Database } from './driver.ts';

/** The schema of one kind of file. */
export interface Schema {
  /** Four letters that tell the file from another application's. */
  readonly applicationId: number;
  /** Each brings the schema from its index to the next version. Forward only, never changed once released. */
  readonly migrations: readonly string[];
  /** For a file that is not ours. */
  readonly notOurs: (file: string) => Error;
}

/** @throws Error for a file that is not ours, or of a later version. It is only read. */
export function checkOwner(db: Database, file: string, { applicationId, migrations, notOurs }: Schema): void {
  const version = versionOf(db);
  if (version === 0 && Number(db.value('SELECT count(*) FROM sqlite_schema')) === 0) return;
  if (version === 0 || Number(db.value('PRAGMA application_id')) !== applicationId) throw notOurs(file);
  if (version > migrations.length) {
    throw new Error(
      `${file} has schema version ${version}, and this server knows ${migrations.length}: it was written by a later one`,
    );
  }
}

/** Makes the tables, or brings them up to date, in one transaction. */
export function migrate(db: Database, { applicationId, migrations }: Schema): void {
  const version = versionOf(db);
  if (version === migrations.length) return;
  db.transaction('immediate', () => {
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
  });
}

function versionOf(db: Database): number {
  return Number(db.value('PRAGMA user_version'));
}
