import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { LogFields } from '@thrum/core';
import { type Database, failureOf, openDatabase } from './driver.ts';
import { FenceFile, type Fence, type FoundFence, readFence } from './fence.ts';
import { type Identity, identityOf, isSameFile } from './identity.ts';
import type { WriterRequests } from './messages.ts';
import { renewAll } from './repair.ts';
import type { StateRow } from './rows.ts';
import { openSound, type Sound } from './sound.ts';
import { saveState, Store } from './store.ts';

type Request = WriterRequests['open']['request'];

/**
 * Opens the database, decides whether it is the one that was there before (see {@link Fence}) and gives all channels a
 * new epoch when it is not, in one transaction with everything that made the difference.
 * @throws Error when another process has it, when it is not ours, or when the disk does not let it be opened.
 */
export function openStore(request: Request): Store {
  fs.mkdirSync(dirname(request.file), { recursive: true, mode: 0o700 });
  const lock = takeLock(request.file, request.busyMs);
  try {
    return openLocked(request, lock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * A lock that a dead process cannot keep: SQLite's, on a database of its own. Its path stays the same when the file it
 * guards is replaced or set aside, and the guarded file stays readable for tools.
 */
function takeLock(file: string, busyMs: number): Database {
  const lock = openDatabase(`${file}-lock`, { busyMs: Math.min(busyMs, 100) });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (failureOf(error) !== 'busy') throw error;
    throw new Error(
      `${file} is in use by another process: one database serves one server. Stop the other, or give this one another file`,
      { cause: error },
    );
  }
  return lock;
}

function openLocked(request: Request, lock: Database): Store {
  const { file } = request;
  const found = readFence(file);
  if (!hasContent(file)) prepareNew(request, found);
  const sound = openSound(request, found);
  const { db, state: before, reasons } = sound;
  try {
    if (found.damaged) reasons.push('its fence is damaged');
    if (before === undefined) explainNew(found, reasons);
    else reasons.push(...differences(before, found, identityOf(file)));
    const store = assemble({ request, lock, db, found, before });
    enter(store, request, sound, found);
    store.notices.push({ kind: 'opened', facts: factsOf(store, sound, found) });
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What an operator wants to know of the database at the start. */
function factsOf(store: Store, { state: before, setAside }: Sound, { fence }: FoundFence): LogFields {
  const { bytes, generation } = store.vitals();
  const isNew = before === undefined && setAside === undefined && (fence?.generation ?? 0) === 0;
  return {
    bytes,
    channels: Number(store.db.value('SELECT count(*) FROM channels')),
    epoch: store.state.birth,
    generation,
    last: isNew ? 'none, it is new' : fence?.clean === true ? 'stopped' : 'crashed or killed',
  };
}

function hasContent(file: string): boolean {
  return (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** The first fence comes before the first database, and only the owner may read what people write to each other. */
function prepareNew({ file, instance }: Request, found: FoundFence): void {
  if (found.fence === undefined && !found.damaged) {
    const fence = new FenceFile(file);
    fence.write({ generation: 0, instance, commits: 0, clean: false });
    fence.close();
  }
  if (identityOf(file) === undefined) fs.closeSync(fs.openSync(file, 'ax', 0o600));
}

function explainNew({ fence }: FoundFence, reasons: string[]): void {
  if (reasons.length === 0 && fence !== undefined && fence.generation > 0) {
    reasons.push(`it is gone: its fence knows of generation ${fence.generation}`);
  }
}

/** Why this cannot be the database that was here last. */
function differences(state: StateRow, { fence, damaged }: FoundFence, now: Identity | undefined): string[] {
  if (damaged) return [];
  if (fence === undefined) return ['its fence is gone'];
  const found: string[] = [];
  const { generation, commits } = state;
  if (state.instance !== fence.instance) found.push('it is another database than the one here before');
  if (generation < fence.generation) {
    found.push(`it is of generation ${generation}, older than its fence of generation ${fence.generation}`);
  } else if (generation > fence.generation + 1) {
    found.push(`it is of generation ${generation}, and its fence of ${fence.generation} is older`);
  }
  if (commits < fence.commits)
    found.push(`it ends at commit ${commits}, and ${fence.commits} were acknowledged`);
  if (now !== undefined && !isSameFile({ ino: state.ino, born: state.born }, now)) {
    found.push('it is another file on disk than before: a copy');
  }
  return found;
}

function assemble(parts: {
  readonly request: Request;
  readonly lock: Database;
  readonly db: Database;
  readonly found: FoundFence;
  readonly before: StateRow | undefined;
}): Store {
  const { request, lock, db, found, before } = parts;
  const fenced: Fence | undefined = found.fence ?? readFence(request.file).fence;
  const state: StateRow = before ?? {
    instance: fenced?.generation === 0 ? fenced.instance : request.instance,
    birth: request.fresh,
    generation: fenced?.generation ?? 0,
    commits: 0,
    ...(identityOf(request.file) ?? { ino: '', born: '' }),
    clock_skew: 0,
    clock_last: Math.floor(request.now),
    crc: 0,
  };
  if (before === undefined) db.transaction('immediate', () => saveState(db, state));
  const fence = new FenceFile(request.file);
  return new Store({ db, file: request.file, fence, lock, state, fenced: fenced?.generation ?? -1 });
}

/** The generation of this opening, with new epochs if there is a reason. */
function enter(
  store: Store,
  { file, fresh }: Request,
  { reasons, setAside }: Pick<Sound, 'reasons' | 'setAside'>,
  found: FoundFence,
): void {
  const { ino, born } = identityOf(file) ?? { ino: '', born: '' };
  const identity = { ino, born: reasons.length > 0 || born !== '' ? born : store.state.born };
  const generation = Math.max(store.state.generation, found.fence?.generation ?? 0);
  if (reasons.length > 0) {
    // Together, so that a crash after it finds epochs and identity changed, and one before it finds the reason again.
    store.commit((next) => {
      renewAll(store.db, fresh);
      Object.assign(next, identity, { birth: fresh, generation: generation + 1 });
    });
    const reason = reasons.join('; ');
    store.notices.push({ kind: 'epoch', channel: null, reason, ...(setAside && { setAside }) });
  }
  try {
    if (reasons.length > 0) store.refence();
    else store.beat(identity);
  } catch (error) {
    const failure = failureOf(error);
    if (failure !== 'full' && failure !== 'io') throw error;
    // The old generation is as true as before; the next beat tries again.
    store.warn(`no new generation could be marked: ${(error as Error).message}`);
    store.attachFence();
  }
}
