import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSqliteStore } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thrum-store-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the SQLite store', () => {
  it('is a file called store.db where it is given a folder, readable by its owner alone', async () => {
    const store = createSqliteStore({ file: join(folder, 'data') });
    await store.put('n', 'k', 1);
    const { mode } = await stat(join(folder, 'data', 'store.db'));
    expect(mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('waits for the disk: WAL, synchronous FULL', async () => {
    const store = createSqliteStore({ file: join(folder, 'pragmas.db') });
    const { db } = store as unknown as { db: { value: (sql: string) => unknown } };
    expect(db.value('PRAGMA journal_mode')).toBe('wal');
    expect(db.value('PRAGMA synchronous')).toBe(2);
    await store.close();
  });

  it('refuses what is no store of ours, and leaves it as it was', async () => {
    const file = join(folder, 'foreign.db');
    const foreign = new DatabaseSync(file);
    foreign.exec('CREATE TABLE mine (a); INSERT INTO mine VALUES (1)');
    expect(() => createSqliteStore({ file })).toThrow(/is not a Thrum store/u);
    expect(foreign.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    foreign.close();
    const text = join(folder, 'text.db');
    await writeFile(text, 'not a database at all, but long enough to be looked at as one'.repeat(20));
    expect(() => createSqliteStore({ file: text })).toThrow(
      /text\.db is damaged \(file is not a database\): put a backup/u,
    );
  });

  it('refuses one that a later version wrote', async () => {
    const file = join(folder, 'later.db');
    await createSqliteStore({ file }).close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => createSqliteStore({ file })).toThrow(/written by a later one/u);
  });

  it('rejects what the disk refused, whole, and goes on', async () => {
    const store = createSqliteStore({ file: join(folder, 'full.db') });
    await store.put('n', 'k', 1);
    const { db } = store as unknown as { db: { exec: (sql: string) => void } };
    db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON records WHEN NEW.value = '\"big\"' BEGIN SELECT RAISE(ABORT, 'disk'); END",
    );
    const results = await Promise.allSettled([store.put('n', 'k', 2), store.put('n', 'other', 'big')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await store.get('n', 'k'))?.value).toBe(1);
    expect(await store.put('n', 'k', 3)).toBeTypeOf('number');
    await store.close();
  });
});
