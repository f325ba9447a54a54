import { saveChannel, trim } from './repair.ts';
import type { ChannelRow, StateRow } from './rows.ts';
import type { Store } from './store.ts';

/** So much at once, that a publish need not wait for long behind it. */
const channelsAtOnce = 200;
const rowsAtOnce = 5000;

/** A channel that keeps nothing and was not published to for this long is forgotten. */
const forgetAfter = 30 * 86_400_000;

/** Deletes some of what has expired. True when there may be more. */
export function sweep(store: Store, { at, fresh }: { readonly at: number; readonly fresh: string }): boolean {
  const { db } = store;
  const due = 'SELECT * FROM channels WHERE due <= ? ORDER BY due LIMIT ?';
  const channels = db.prepare(due).all<ChannelRow>(at, channelsAtOnce);
  const key = db.prepare('SELECT 1 FROM keys WHERE expires <= ? LIMIT 1').get(at);
  const idle = db.prepare(`${idleChannels} LIMIT 1`).get(at - forgetAfter);
  if (channels.length === 0 && key === undefined && idle === undefined) return false;
  return store.commit((next) => {
    let left = rowsAtOnce;
    for (const channel of channels) {
      if (left <= 0) break;
      left -= expire(store, channel, at, left);
    }
    const keys = `DELETE FROM keys WHERE (channel, key) IN
      (SELECT channel, key FROM keys WHERE expires <= ? ORDER BY expires LIMIT ?)`;
    const keysGone = db.prepare(keys).run(at, rowsAtOnce).changes;
    forget(store, next, at, fresh);
    return left <= 0 || channels.length === channelsAtOnce || keysGone === rowsAtOnce;
  });
}

/** Raises the floor of a channel over what has expired, at most so many rows of it. */
function expire(store: Store, channel: ChannelRow, at: number, atMost: number): number {
  const sql =
    'SELECT offset, expires FROM publications WHERE channel = ? AND offset >= ? ORDER BY offset LIMIT ?';
  const rows = store.db
    .prepare(sql)
    .all<{ offset: number; expires: number }>(channel.id, channel.floor, atMost + 1);
  let expired = 0;
  // The first that is alive keeps those behind it, as in the memory broker: a log has no holes.
  while (expired < Math.min(rows.length, atMost) && (rows[expired]?.expires ?? Infinity) <= at) expired += 1;
  const first = rows[expired];
  if (expired > 0) channel.floor = (rows[expired - 1]?.offset ?? 0) + 1;
  channel.due = first?.expires ?? null;
  // Rows that should be there and are not: left to the next reading, which compares with the top and says so.
  if (first === undefined && channel.floor <= channel.top) channel.due = at + 60_000;
  const deleted = trim(store.db, channel);
  saveChannel(store.db, channel);
  return Math.max(1, deleted);
}

const idleChannels = `SELECT id FROM channels WHERE due IS NULL AND touched <= ?
  AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.channel = channels.id)`;

/** The next life of a forgotten channel begins at 1 again, so channels are born into another epoch from now on. */
function forget({ db }: Store, next: StateRow, at: number, fresh: string): void {
  const sql = `DELETE FROM channels WHERE id IN (${idleChannels} LIMIT ?)`;
  if (db.prepare(sql).run(at - forgetAfter, channelsAtOnce).changes > 0) next.birth = fresh;
}
