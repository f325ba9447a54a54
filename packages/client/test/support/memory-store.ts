import type { PersistStore, StoredPositions, StoredPublish } from '../../src/persist/index.ts';

interface Row extends StoredPublish {
  readonly user: string;
  page: object;
}

interface Places {
  readonly user: string;
  page: object;
  positions: StoredPositions;
}

/** The reference: what several pages, each an object of its own, leave to one another. */
export interface MemoryDisk {
  open(): PersistStore;
  /** What is kept, oldest first. */
  readonly rows: readonly Row[];
  /** Every operation from now on is refused with this. */
  failure: Error | undefined;
}

export function createMemoryDisk(): MemoryDisk {
  let rows: Row[] = [];
  // The one that was saved last is last.
  let places: Places[] = [];
  const living = new Set<object>();
  const disk: MemoryDisk = {
    failure: undefined,
    get rows() {
      return rows;
    },
    open: () => {
      const page = {};
      living.add(page);
      const isLeft = (row: { readonly page: object }): boolean => !living.has(row.page);
      const step = async <T>(work: () => T): Promise<T> => {
        if (disk.failure) throw disk.failure;
        return work();
      };
      return {
        takePublishes: (user) =>
          step(() => {
            const left = rows.filter((row) => row.user === user && isLeft(row));
            for (const row of left) row.page = page;
            const latest = new Map<string, StoredPublish>();
            for (const { id, frame, until } of left) {
              latest.delete(id);
              latest.set(id, { id, frame, until });
            }
            return [...latest.values()];
          }),
        save: (user, publish) => step(() => void rows.push({ ...publish, user, page })),
        remove: (user, id) =>
          step(() => {
            rows = rows.filter((row) => row.user !== user || row.id !== id);
          }),
        takePositions: (user) =>
          step(() => {
            const left = places.filter((row) => row.user === user && isLeft(row)).at(-1);
            if (left === undefined) return {};
            left.page = page;
            return left.positions;
          }),
        savePositions: (user, positions) =>
          step(() => {
            places = places.filter((row) => row.user !== user || row.page !== page);
            places.push({ user, page, positions });
          }),
        close: () => void living.delete(page),
      };
    },
  };
  return disk;
}
