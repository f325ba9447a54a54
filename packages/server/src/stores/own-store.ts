import { join, resolve } from 'node:path';
import type { Env, PutOptions, Store, StoreRecord } from '@thrum/core';
import { createSqliteStore } from './sqlite/store.ts';

/** A store with the part of its life that is the server's business. */
export interface OwnStore {
  /** Absent: the core's own, in memory. */
  readonly store: Store | undefined;
  /** @throws Error when its file cannot be opened. */
  open(): void;
  close(): Promise<void>;
}

export interface StoreChoice {
  /** One that the application made, and closes itself. */
  readonly store: Store | undefined;
  readonly dataDir: string | undefined;
  readonly env: Env;
}

const nothing = (): void => undefined;
const nothingLater = (): Promise<void> => Promise.resolve();

/** The application's store, else one on disk where a folder is named, else the core's own in memory. */
export function chooseStore({ store, dataDir, env }: StoreChoice): OwnStore {
  if (store !== undefined || dataDir === undefined) return { store, open: nothing, close: nothingLater };
  const disk = new DiskStore(() => createSqliteStore({ file: join(resolve(dataDir), 'store.db'), env }));
  return { store: disk, open: () => disk.open(), close: () => disk.close() };
}

/** Opens its file only when the server starts: a definition that is merely looked at must not touch the disk. */
class DiskStore implements Store {
  readonly durable = true;
  private readonly make: () => Store;
  private made: Store | undefined;

  constructor(make: () => Store) {
    this.make = make;
  }

  open(): void {
    this.store();
  }

  // Async, so that a file that cannot be opened rejects like every other failure of a store.
  async get(namespace: string, key: string): Promise<StoreRecord | undefined> {
    return this.store().get(namespace, key);
  }

  async put(
    namespace: string,
    key: string,
    value: unknown,
    options?: PutOptions,
  ): Promise<number | undefined> {
    return this.store().put(namespace, key, value, options);
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    return this.store().delete(namespace, key);
  }

  async close(): Promise<void> {
    await this.made?.close();
  }

  private store(): Store {
    this.made ??= this.make();
    return this.made;
  }
}
