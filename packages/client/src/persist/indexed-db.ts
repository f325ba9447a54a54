import type { Persist } from '../persisted.ts';
import { livingPages } from './pages.ts';
import type { Pages } from './pages.ts';
import { persistIn } from './persist.ts';
import type { PersistOptions } from './persist.ts';
import type { PersistStore, StoredPositions, StoredPublish } from './store.ts';

export interface IndexedDbOptions {
  /** Names the database, `thrum:<name>`: one for each application of an origin. Default `thrum`. */
  readonly name?: string | undefined;
}

/** Its key is its place in the order of all. */
interface PublishRow extends StoredPublish {
  readonly user: string;
  readonly page: string;
}

/** What a page leaves to the next one in its tab. */
interface Parting {
  readonly user: string;
  readonly positions: StoredPositions;
}

interface PositionsRow extends Parting {
  readonly page: string;
  readonly at: number;
}

/** What is left of pages that nobody takes the place of: tabs come and go, and each had positions. */
const maxPages = 20;
const version = 1;

/**
 * The queue and the positions in IndexedDB: `createClient(url, { getToken, persist: indexedDbPersist({ user }) })`. Where
 * there is none, where it is forbidden, full or damaged, the client works without it and `onError` is told.
 */
export const indexedDbPersist = (options: IndexedDbOptions & PersistOptions = {}): Persist =>
  persistIn(indexedDbStore(options), options);

/** The store behind {@link indexedDbPersist}. */
export const indexedDbStore = ({ name = 'thrum' }: IndexedDbOptions = {}): PersistStore => {
  const database = `thrum:${name}`;
  let opening: Promise<IDBDatabase> | undefined;
  let known: Pages | undefined;
  // At the first use: a server that renders the page makes a client, too.
  const pages = (): Pages => (known ??= livingPages(database, () => latest));
  let latest: Parting | undefined;

  /** Opens at the first use; operations begin in the order of their calls. */
  const within = async <T>(
    store: 'publishes' | 'positions',
    work: (rows: IDBObjectStore) => Promise<T> | undefined,
  ): Promise<T | undefined> => {
    const db = await (opening ??= open(database));
    const transaction = db.transaction(store, 'readwrite');
    const done = over(transaction);
    // Whoever waits for the work hears of it there.
    done.catch(() => {});
    const result = work(transaction.objectStore(store));
    // Goes out with the requests: a page that ends now does not take it along.
    if (!result) transaction.commit();
    // In this order: an error of the work is the cause of the abort.
    const value = await result;
    await done;
    return value;
  };

  return {
    takePublishes: async (user) => {
      const isLeft = await pages().left();
      const taken = await within('publishes', (rows) => takeRows(rows, user, pages().own, isLeft));
      return taken ?? [];
    },
    save: async (user, publish) => {
      await within('publishes', (rows) => {
        const row: PublishRow = { ...publish, user, page: pages().own };
        rows.put(row);
        return undefined;
      });
    },
    remove: async (user, id) => {
      await within('publishes', async (rows) => {
        const keys = await answer(rows.index('id').getAllKeys([user, id]));
        for (const key of keys) rows.delete(key);
      });
    },
    takePositions: async (user) => {
      const isLeft = await pages().left();
      const taken = await within('positions', (rows) => takePlaces(rows, user, pages(), isLeft));
      return taken ?? {};
    },
    savePositions: async (user, positions) => {
      latest = { user, positions };
      await within('positions', (rows) => {
        const row: PositionsRow = { user, page: pages().own, at: Date.now(), positions };
        rows.put(row);
        return undefined;
      });
    },
    close: () => {
      known?.close();
      // It closes once its transactions are over.
      void opening?.then((db) => db.close()).catch(() => {});
    },
  };
};

const open = (database: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(database, version);
    request.addEventListener('upgradeneeded', () => {
      const rows = request.result.createObjectStore('publishes', { autoIncrement: true });
      rows.createIndex('id', ['user', 'id']);
      request.result.createObjectStore('positions', { keyPath: ['user', 'page'] });
    });
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('success', () => {
      // A newer page, or somebody who deletes it, must not wait for this one.
      request.result.addEventListener('versionchange', () => request.result.close());
      resolve(request.result);
    });
  });

const over = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('aborted')));
  });

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });

/** Visits every row in the order of its keys. */
const each = (rows: IDBObjectStore, visit: (cursor: IDBCursorWithValue) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = rows.openCursor();
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('success', () => {
      const cursor = request.result;
      if (!cursor) return resolve();
      visit(cursor);
      cursor.continue();
    });
  });

const takeRows = async (
  rows: IDBObjectStore,
  user: string,
  own: string,
  isLeft: (page: string) => boolean,
): Promise<StoredPublish[]> => {
  const taken = new Map<string, StoredPublish>();
  const now = Date.now();
  await each(rows, (cursor) => {
    const row = cursor.value as PublishRow;
    if (row.user === user && isLeft(row.page)) {
      const { id, frame, until } = row;
      taken.delete(id);
      taken.set(id, { id, frame, until });
      cursor.update({ ...row, page: own });
    } else if (row.user !== user && !(row.until > now)) cursor.delete();
  });
  return [...taken.values()];
};

const takePlaces = async (
  rows: IDBObjectStore,
  user: string,
  { own, before, parting }: Pages,
  isLeft: (page: string) => boolean,
): Promise<StoredPositions> => {
  const all: PositionsRow[] = [];
  await each(rows, ({ value }) => all.push(value as PositionsRow));
  const left = all.filter(({ page }) => isLeft(page)).sort((a, b) => b.at - a.at);
  const theirs = left.filter((row) => row.user === user);
  const taken = theirs.find(({ page }) => page === before) ?? theirs[0];
  for (const row of left) {
    if (row === taken || left.indexOf(row) >= maxPages) rows.delete([row.user, row.page]);
  }
  const handed = Object(parting) as Partial<Parting>;
  const positions = (handed.user === user ? handed : taken)?.positions ?? {};
  // Under this page's name at once: it may end before it saves its own.
  const row: PositionsRow = { user, page: own, at: Date.now(), positions };
  rows.put(row);
  return positions;
};
