import { DamageError, type Database } from './driver.ts';
import { outcomes, type WriteOutcome, type WriteRow } from './messages.ts';
import { channelOf, saveChannel, trim } from './repair.ts';
import {
  channelChecksum,
  type ChannelRow,
  type KeyRow,
  keyChecksum,
  publicationChecksum,
  toText,
  toTime,
} from './rows.ts';
import type { Store } from './store.ts';

/** So many rows below the floor of a channel are deleted in one go; reading hides them until then. */
const trimEvery = 64;

interface Batch {
  readonly db: Database;
  readonly birth: string;
  readonly at: number;
  readonly fresh: string;
  readonly channels: Map<string, ChannelRow>;
  /** Channels that got a new epoch on the way, and why. */
  readonly renewed: Map<string, string>;
}

/** Appends a batch in one transaction, in its order (laws 1, 2 and 4 of the Broker). */
export function writeBatch(
  store: Store,
  { rows, at, fresh }: { readonly rows: readonly WriteRow[]; readonly at: number; readonly fresh: string },
): WriteOutcome[] {
  const { db, state } = store;
  const batch: Batch = { db, birth: state.birth, at, fresh, channels: new Map(), renewed: new Map() };
  const done = store.commit(() => {
    const all = rows.map((row) => writeRow(batch, row));
    for (const channel of batch.channels.values()) finish(db, channel);
    return all;
  });
  for (const [channel, reason] of batch.renewed) store.notices.push({ kind: 'epoch', channel, reason });
  return done;
}

function writeRow(batch: Batch, row: WriteRow): WriteOutcome {
  const [name, , , , , , retention, idempotency] = row;
  const channel = channelIn(batch, name);
  if (idempotency !== null) {
    const known = knownKey(batch, channel, name, idempotency);
    if (known !== undefined) return known;
    const [, , , follows] = idempotency;
    if (follows !== null && !isRemembered(batch, channel, follows)) return [outcomes.outOfOrder, null, null];
  }
  channel.touched = toTime(batch.at);
  const offset = retention === null ? null : append(batch, channel, row, retention);
  const epoch = offset === null ? null : channel.epoch;
  if (idempotency !== null) remember(batch, channel, idempotency, epoch, offset);
  return [outcomes.published, epoch, offset];
}

/** Read once a batch and written once at its end. */
function channelIn(batch: Batch, channel: string): ChannelRow {
  const { db, birth, at, channels } = batch;
  let row = channels.get(channel);
  if (row !== undefined) return row;
  const name = toText(channel);
  row = channelOf(db, name);
  if (row === undefined) {
    const fields = {
      name,
      epoch: birth,
      top: 0,
      floor: 1,
      carried: 0,
      trimmed: 1,
      due: null,
      touched: toTime(at),
    };
    const sql = `INSERT INTO channels (name, epoch, top, floor, carried, trimmed, due, touched, crc)
      VALUES (?, ?, 0, 1, 0, 1, NULL, ?, 0)`;
    row = { ...fields, id: db.prepare(sql).run(name, birth, fields.touched).id, crc: 0 };
  } else if (channelChecksum(row) !== row.crc) {
    throw new DamageError('a channel row does not match its checksum');
  }
  channels.set(channel, row);
  return row;
}

function append(
  { db, at }: Batch,
  channel: ChannelRow,
  [, event, data, id, from, timestamp]: WriteRow,
  [size, ttl]: NonNullable<WriteRow[6]>,
): number {
  const row = {
    offset: channel.top + 1,
    epoch: channel.epoch,
    event: toText(event),
    data,
    id: id === null ? null : toText(id),
    sender: from === null ? null : toText(from),
    timestamp,
    expires: toTime(at + ttl),
  };
  const sql = `INSERT INTO publications
    (channel, offset, epoch, event, data, id, sender, timestamp, expires, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
  const crc = publicationChecksum(channel.name, row);
  db.prepare(sql).run(
    channel.id,
    row.offset,
    row.epoch,
    row.event,
    row.data,
    row.id,
    row.sender,
    row.timestamp,
    row.expires,
    crc,
  );
  channel.top = row.offset;
  channel.floor = Math.max(channel.floor, row.offset - size + 1);
  channel.due = Math.min(channel.due ?? row.expires, row.expires);
  return row.offset;
}

function knownKey(
  batch: Batch,
  channel: ChannelRow,
  name: string,
  [key, fingerprint]: NonNullable<WriteRow[7]>,
): WriteOutcome | undefined {
  const row = keyRow(batch, channel, key);
  if (row === undefined) return undefined;
  if (row === 'damaged') {
    // What the key stood for can no longer be said, so nobody may take this publication for a continuation.
    channel.epoch = batch.fresh;
    channel.carried = channel.top;
    batch.renewed.set(name, 'an idempotency key does not match its checksum');
    return undefined;
  }
  if (row.expires <= batch.at) return undefined;
  if (row.fingerprint !== toText(fingerprint)) return [outcomes.conflict, null, null];
  return [outcomes.duplicate, row.epoch, row.offset];
}

/** Law 11. Of a damaged row nothing can be said; what it stands for is sent again and then finds that out for everybody. */
function isRemembered(batch: Batch, channel: ChannelRow, key: string): boolean {
  const row = keyRow(batch, channel, key);
  return row !== undefined && row !== 'damaged' && row.expires > batch.at;
}

/** What earlier batches and this one have remembered. */
function keyRow({ db }: Batch, channel: ChannelRow, key: string): KeyRow | 'damaged' | undefined {
  const sql = 'SELECT fingerprint, epoch, offset, expires, crc FROM keys WHERE channel = ? AND key = ?';
  const text = toText(key);
  const row = db.prepare(sql).get<KeyRow>(channel.id, text);
  return row === undefined || keyChecksum(channel.name, text, row) === row.crc ? row : 'damaged';
}

function remember(
  { db, at }: Batch,
  channel: ChannelRow,
  [key, fingerprint, ttl]: NonNullable<WriteRow[7]>,
  epoch: string | null,
  offset: number | null,
): void {
  const text = toText(key);
  const row = { fingerprint: toText(fingerprint), epoch, offset, expires: toTime(at + ttl) };
  const sql = `INSERT OR REPLACE INTO keys (channel, key, fingerprint, epoch, offset, expires, crc)
    VALUES (?, ?, ?, ?, ?, ?, ?)`;
  const crc = keyChecksum(channel.name, text, row);
  db.prepare(sql).run(channel.id, text, row.fingerprint, epoch, offset, row.expires, crc);
}

function finish(db: Database, channel: ChannelRow): void {
  if (channel.floor - channel.trimmed >= trimEvery || channel.floor > channel.top) trim(db, channel);
  if (channel.floor > channel.top) channel.due = null;
  saveChannel(db, channel);
}
