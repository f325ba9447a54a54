import type { Store } from '@thrum/core';
import { describe, it } from 'vitest';
import type { TestApi } from '../wire/options.ts';
import { conditions } from './conditions.ts';
import { records } from './records.ts';

/** A fresh store for one case. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass for expiry. */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone. Absent where it cannot be moved: its cases are left out. */
  jump?(ms: number): void;
  /** Closes the store and opens it again on what it has kept. Absent where nothing is: its cases are left out. */
  reopen?(): Promise<Store>;
  /** Frees what `store` needs besides its own `close`. */
  dispose?(): Promise<void>;
}

export type MakeStore = () => StoreUnderTest | Promise<StoreUnderTest>;

export interface StoreSuiteOptions {
  readonly name: string;
  /** Whether `makeStore` gives `reopen`. */
  readonly reopens?: boolean;
  /** Default: vitest's. */
  readonly test?: TestApi;
}

/** One law of the Store port, seen from outside. */
export interface StoreCase {
  readonly law: number;
  readonly title: string;
  readonly reopens?: boolean;
  readonly run: (under: StoreUnderTest) => Promise<void>;
}

/** Registers the laws of core's Store port (packages/core/src/ports/store.ts) for one implementation. */
export function runStoreSuite(makeStore: MakeStore, options: StoreSuiteOptions): void {
  const { test = { describe, it } as TestApi, reopens = false } = options;
  test.describe(`the store: ${options.name}`, () => {
    for (const { law, title, reopens: needsReopen, run } of [...records, ...conditions]) {
      if (needsReopen === true && !reopens) continue;
      test.it(`law ${law}: ${title}`, { timeout: 60_000 }, () => withStore(makeStore, run));
    }
  });
}

async function withStore(makeStore: MakeStore, run: StoreCase['run']): Promise<void> {
  const under = await makeStore();
  try {
    await run(under);
  } finally {
    await under.store.close();
    await under.dispose?.();
  }
}
