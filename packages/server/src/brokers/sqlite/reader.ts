import { DamageError, type Database } from './driver.ts';
import type { PageRow, ReadAnswer, ReadQuery } from './messages.ts';
import { channelOf } from './repair.ts';
import { type ChannelRow, channelChecksum, defectOf, fromText, type PublicationRow, toText } from './rows.ts';

const columns = 'offset, epoch, event, data, id, sender, timestamp, expires, crc';

/** Answers all of them from one snapshot. */
export function readPages(
  db: Database,
  { queries, at }: { readonly queries: readonly ReadQuery[]; readonly at: number },
): ReadAnswer[] {
  return db.transaction('deferred', () => queries.map((query) => readPage(db, query, at)));
}

function readPage(db: Database, query: ReadQuery, at: number): ReadAnswer {
  const channel = channelOf(db, toText(query.channel));
  if (channel === undefined) {
    const state = db.prepare('SELECT birth FROM state').get<{ birth: string }>();
    if (state === undefined) throw new DamageError('the state row is gone');
    return { epoch: state.birth, offset: 0, oldest: 1, rows: [] };
  }
  if (channelChecksum(channel) !== channel.crc) {
    throw new DamageError('a channel row does not match its checksum');
  }
  const oldest = oldestOf(db, channel, at);
  if (typeof oldest !== 'number') return oldest;
  const [first, last] = range(query, oldest, channel.top);
  const found = rowsOf(db, channel, first, last);
  for (let index = 0; index <= last - first; index += 1) {
    const defect = defectOf(channel, first + index, found[index]);
    if (defect !== undefined) return { defect };
  }
  const rows = found.map(toPageRow);
  return {
    epoch: channel.epoch,
    offset: channel.top,
    oldest,
    rows: query.reverse ? rows.toReversed() : rows,
  };
}

/** The offsets asked for, both included; the last is before the first when there are none. */
function range(
  { since, limit, reverse }: ReadQuery,
  oldest: number,
  top: number,
): [first: number, last: number] {
  if (reverse) {
    const last = since === null ? top : Math.min(top, since - 1);
    return [Math.max(oldest, last - limit + 1), last];
  }
  const first = since === null ? oldest : Math.max(oldest, since + 1);
  return [first, Math.min(top, first + limit - 1)];
}

/** The first that has not expired. What has, and waits for the sweep, is passed over without a hole. */
function oldestOf(db: Database, channel: ChannelRow, at: number): number | { readonly defect: string } {
  const sql = 'SELECT offset, expires FROM publications WHERE channel = ? AND offset >= ? ORDER BY offset';
  let expected = channel.floor;
  for (const row of db
    .prepare(sql)
    .iterate<Pick<PublicationRow, 'offset' | 'expires'>>(channel.id, channel.floor)) {
    if (row.offset !== expected) return { defect: `publication ${expected} is missing` };
    if (row.expires > at) return expected;
    expected += 1;
  }
  return expected === channel.top + 1 ? expected : { defect: `publication ${expected} is missing` };
}

function rowsOf(db: Database, channel: ChannelRow, first: number, last: number): PublicationRow[] {
  if (last < first) return [];
  const sql = `SELECT ${columns} FROM publications WHERE channel = ? AND offset BETWEEN ? AND ? ORDER BY offset`;
  return db.prepare(sql).all<PublicationRow>(channel.id, first, last);
}

function toPageRow({ offset, event, data, id, sender, timestamp }: PublicationRow): PageRow {
  return [
    offset,
    fromText(event),
    data,
    id === null ? null : fromText(id),
    sender === null ? null : fromText(sender),
    timestamp,
  ];
}
