import * as fs from 'node:fs';
import { DamageError, type Database, failureOf, openDatabase } from './driver.ts';
import type { FoundFence } from './fence.ts';
import type { OpenRequest } from './messages.ts';
import { type ChannelRow, channelChecksum, stateChecksum, type StateRow } from './rows.ts';
import { checkOwner, migrate } from './migrate.ts';
import { brokerSchema } from './schema.ts';

/** A database that can be worked with. */
export interface Sound {
  readonly db: Database;
  /** Undefined in a new one. */
  readonly state: StateRow | undefined;
  /** Why its epochs cannot go on. */
  readonly reasons: string[];
  /** Where the file is now that was found in its place, damaged. */
  readonly setAside?: string;
}

/** The database, or an empty one after the damaged one was set aside. */
export function openSound(request: OpenRequest, found: FoundFence): Sound {
  const { file, suspicion } = request;
  const ours = found.fence !== undefined || found.damaged;
  try {
    if (suspicion > 1) throw new DamageError('it failed again after it had passed its check');
    return openChecked(request);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === 'foreign' && !ours) throw brokerSchema.notOurs(file);
    if (failure !== 'damaged' && failure !== 'foreign') throw error;
    const aside = setAside(file, request.now);
    fs.closeSync(fs.openSync(file, 'ax', 0o600));
    const sound = openChecked({ ...request, suspicion: 0 });
    // SQLite's verdicts have several lines.
    sound.reasons.push(`it is damaged: ${(error as Error).message.replaceAll(/\s*\n\s*/g, ' ')}`);
    return { ...sound, setAside: aside };
  }
}

function openChecked({ file, busyMs, checkBytes, suspicion }: OpenRequest): Sound {
  const db = openDatabase(file, { busyMs });
  try {
    checkOwner(db, file, brokerSchema);
    configure(db);
    if (suspicion > 0 || fs.statSync(file).size <= checkBytes) {
      const verdict = db.value(suspicion > 0 ? 'PRAGMA integrity_check(1)' : 'PRAGMA quick_check(1)');
      if (verdict !== 'ok') throw new DamageError(String(verdict));
    }
    migrate(db, brokerSchema);
    // Channels are found by their index; one that is missing there would begin again at offset 1.
    const verdict = db.value('PRAGMA integrity_check(channels)');
    if (verdict !== 'ok') throw new DamageError(String(verdict));
    return { db, ...readState(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** WAL alone would lose acknowledged commits in a power loss: its default does not sync at each commit everywhere. */
function configure(db: Database): void {
  const mode = db.value('PRAGMA journal_mode = WAL');
  if (mode !== 'wal') throw new Error(`SQLite did not enter WAL mode: it says ${String(mode)}`);
  // fullfsync is for macOS, where fsync leaves data in the drive's cache.
  db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
  db.exec('PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384');
  const synchronous = db.value('PRAGMA synchronous');
  if (synchronous !== 2) {
    throw new Error(`SQLite did not take synchronous=FULL (2): it says ${String(synchronous)}`);
  }
}

function setAside(file: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let aside = `${file}.damaged-${stamp}`;
  for (let n = 2; fs.existsSync(aside); n += 1) aside = `${file}.damaged-${stamp}-${n}`;
  fs.renameSync(file, aside);
  if (fs.existsSync(`${file}-wal`)) fs.renameSync(`${file}-wal`, `${aside}-wal`);
  fs.rmSync(`${file}-shm`, { force: true });
  return aside;
}

/** The state row, and what our own checksums say about it and the channels. */
function readState(db: Database): Omit<Sound, 'db'> {
  const reasons: string[] = [];
  const state = db.prepare('SELECT * FROM state').get<StateRow>();
  if (state !== undefined && stateChecksum(state) !== state.crc) {
    reasons.push('its state row does not match its checksum');
  }
  let damaged = 0;
  let channels = 0;
  for (const row of db.prepare('SELECT * FROM channels').iterate<ChannelRow>()) {
    channels += 1;
    if (channelChecksum(row) !== row.crc) damaged += 1;
  }
  if (damaged > 0) reasons.push(`${damaged} of ${channels} channel rows do not match their checksums`);
  if (state === undefined && channels > 0) reasons.push('its state row is gone');
  return { state, reasons };
}
