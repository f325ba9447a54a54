import { parentPort, workerData } from 'node:worker_threads';
import { DamageError, type Database, failureOf, openDatabase } from './driver.ts';
import { identityOf, isSameFile } from './identity.ts';
import type {
  Answer,
  Envelope,
  Notice,
  ReaderRequests,
  Requests,
  Vitals,
  WriterRequests,
} from './messages.ts';
import { openStore } from './open.ts';
import { readPages } from './reader.ts';
import { repairChannel } from './repair.ts';
import type { Store } from './store.ts';
import { sweep } from './sweep.ts';
import { writeBatch } from './writer.ts';

// A worker thread: one for writing, one for reading. Whatever blocks on the disk blocks here.

type Handlers<R> = { readonly [K in keyof R]: (request: RequestOf<R[K]>) => ReplyOf<R[K]> };
type RequestOf<T> = T extends { request: infer R } ? R : never;
type ReplyOf<T> = T extends { reply: infer R } ? R : never;

/** What one thread does, and what goes along with each of its answers. */
interface Role<R> {
  readonly handlers: Handlers<R>;
  readonly notices: () => readonly Notice[];
  readonly vitals: () => Vitals | undefined;
}

function writer(): Role<WriterRequests> {
  let open: Store | undefined;
  const store = (): Store => {
    if (open === undefined) throw new Error('the database is not open');
    return open;
  };
  const handlers: Handlers<WriterRequests> = {
    open(request) {
      open = openStore(request);
      return { skew: open.state.clock_skew, last: open.state.clock_last };
    },
    write(request) {
      const written = writeBatch(store(), request);
      return { outcomes: written, commitMs: store().db.commitMs };
    },
    sweep: (request) => sweep(store(), request),
    beat({ clock }) {
      const { file, state } = store();
      const now = identityOf(file);
      if (now === undefined || !isSameFile(now, state)) {
        throw new DamageError('the database file was replaced while it was open');
      }
      if (store().needsBeat(clock)) store().beat({ clock_skew: clock.skew, clock_last: clock.last });
      return undefined;
    },
    repair({ channel, fresh }) {
      repairChannel(store(), channel, fresh);
      return undefined;
    },
    close({ clock }) {
      store().close(clock);
      return undefined;
    },
  };
  return { handlers, notices: () => open?.notices.splice(0) ?? [], vitals: () => open?.vitals() };
}

function reader(): Role<ReaderRequests> {
  let db: Database | undefined;
  const handlers: Handlers<ReaderRequests> = {
    open({ file, busyMs }) {
      db = openDatabase(file, { readOnly: true, busyMs });
      return undefined;
    },
    read(request) {
      if (db === undefined) throw new Error('the database is not open');
      return readPages(db, request);
    },
    close() {
      db?.close();
      return undefined;
    },
  };
  return { handlers, notices: () => [], vitals: () => undefined };
}

const role = (workerData as { readonly role: 'writer' | 'reader' }).role;
const { handlers, notices, vitals } = role === 'writer' ? writer() : reader();

parentPort?.on('message', ({ id, kind, request }: Envelope) => {
  const handle = (handlers as Handlers<Requests>)[kind];
  const answer = (result: Answer['result']): void =>
    parentPort?.postMessage({ id, notices: notices(), vitals: vitals(), result } satisfies Answer, []);
  try {
    answer({ value: handle?.(request) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answer({ failure: failureOf(error), message });
  }
});
