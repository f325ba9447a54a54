import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A publication as the disk has it. */
export interface KeptRow {
  readonly channel: string;
  /** Null for one that is not kept: then the disk remembers its idempotency key alone. */
  readonly epoch: string | null;
  readonly offset: number | null;
  readonly v: string;
  readonly from: string | null;
}

// A key is the publisher, U+0000, and the id, which here is the value and an exclamation mark; U+0000 has the text
// stored as JSON behind a mark of its own.
const query = `SELECT channels.name AS channel, publications.epoch AS epoch, offset, data ->> 'v' AS v, sender AS "from"
    FROM publications JOIN channels ON channels.id = publications.channel
  UNION ALL SELECT channels.name, NULL, NULL, key, NULL
    FROM keys JOIN channels ON channels.id = keys.channel WHERE keys.offset IS NULL`;

/**
 * What the logs in a data folder hold, read from a copy: opening the original would change it, and the server would say
 * what it believes instead of what is there. This is the one place that knows the broker's tables.
 */
export function readLogs(dataDir: string): KeptRow[] {
  const copy = mkdtempSync(join(tmpdir(), 'thrum-chaos-log-'));
  try {
    for (const name of ['thrum.db', 'thrum.db-wal'])
      if (existsSync(join(dataDir, name))) copyFileSync(join(dataDir, name), join(copy, name));
    if (!existsSync(join(copy, 'thrum.db'))) return [];
    const db = new DatabaseSync(join(copy, 'thrum.db'));
    try {
      const made = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'publications'").get();
      if (made?.['n'] !== 1) return [];
      return (db.prepare(query).all() as unknown as KeptRow[]).map(fromKey);
    } finally {
      db.close();
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function fromKey(row: KeptRow): KeptRow {
  if (row.offset !== null) return row;
  const [from = '', id = ''] = (JSON.parse(row.v.slice(1)) as string).split('\u0000');
  return { ...row, from, v: id.slice(0, -1) };
}
