import type { Database } from './driver.ts';
import { type ChannelRow, channelChecksum, defectOf, type PublicationRow, toText } from './rows.ts';
import type { Store } from './store.ts';

const columns = 'offset, epoch, event, data, id, sender, timestamp, expires, crc';

/** Reads publications of a channel in the order of offsets. */
function* publicationsOf(
  db: Database,
  channel: ChannelRow,
  from: number,
): Generator<PublicationRow, void, undefined> {
  const sql = `SELECT ${columns} FROM publications WHERE channel = ? AND offset >= ? ORDER BY offset`;
  yield* db.prepare(sql).iterate<PublicationRow>(channel.id, from);
}

export function channelOf(db: Database, name: string): ChannelRow | undefined {
  return db.prepare('SELECT * FROM channels WHERE name = ?').get<ChannelRow>(name);
}

export function saveChannel(db: Database, row: ChannelRow): void {
  row.crc = channelChecksum(row);
  db.prepare(
    `UPDATE channels SET epoch = ?, top = ?, floor = ?, carried = ?, trimmed = ?, due = ?, touched = ?, crc = ?
      WHERE id = ?`,
  ).run(row.epoch, row.top, row.floor, row.carried, row.trimmed, row.due, row.touched, row.crc, row.id);
}

/** Deletes what lies below the channel's floor. */
export function trim(db: Database, row: ChannelRow): number {
  const sql = 'DELETE FROM publications WHERE channel = ? AND offset < ?';
  row.trimmed = row.floor;
  return db.prepare(sql).run(row.id, row.floor).changes;
}

/** A new life for a channel. What it keeps stays, at its offsets; what of it is damaged, and all before that, goes. */
function renew(db: Database, row: ChannelRow, epoch: string): string | undefined {
  let expected = row.floor;
  let first: string | undefined;
  let floor = row.floor;
  for (const publication of publicationsOf(db, row, row.floor)) {
    const defect = defectOf(row, expected, publication);
    if (defect !== undefined) {
      first ??= defect;
      // A hole ends before this row, and a row that is wrong ends with itself.
      const itself = defectOf(row, publication.offset, publication) !== undefined;
      floor = itself ? publication.offset + 1 : publication.offset;
    }
    expected = publication.offset + 1;
  }
  if (expected <= row.top) {
    first ??= `publication ${expected} is missing`;
    floor = row.top + 1;
  }
  row.top = Math.max(row.top, expected - 1);
  row.floor = floor;
  row.epoch = epoch;
  row.carried = row.top;
  row.due = floor > row.top ? null : 0;
  trim(db, row);
  saveChannel(db, row);
  return first;
}

/** Gives one channel a new epoch if its log is damaged. */
export function repairChannel(store: Store, channel: string, fresh: string): void {
  const name = toText(channel);
  const row = channelOf(store.db, name);
  if (row === undefined || !isDamaged(store.db, row)) return;
  const defect = store.commit(() => renew(store.db, row, fresh));
  store.notices.push({ kind: 'epoch', channel, reason: defect ?? 'it was damaged' });
}

function isDamaged(db: Database, row: ChannelRow): boolean {
  let expected = row.floor;
  for (const publication of publicationsOf(db, row, row.floor)) {
    if (defectOf(row, expected, publication) !== undefined) return true;
    expected += 1;
  }
  return expected !== row.top + 1;
}

/** Gives every channel, and those to come, a new epoch. To be called within a transaction. */
export function renewAll(db: Database, epoch: string): void {
  for (const row of db.prepare('SELECT * FROM channels').all<ChannelRow>()) {
    if (channelChecksum(row) === row.crc) {
      row.epoch = epoch;
      row.carried = row.top;
    } else {
      // Nothing in this row can be trusted, so nothing of its log is kept, and no offset of it is given again.
      const sql = 'SELECT max(offset) AS top FROM publications WHERE channel = ?';
      const top = db.prepare(sql).get<{ top: number | null }>(row.id)?.top ?? 0;
      Object.assign(row, { epoch, top, carried: top, floor: top + 1, due: null });
      trim(db, row);
    }
    saveChannel(db, row);
  }
}
