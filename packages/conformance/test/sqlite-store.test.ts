import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualEnv } from '@thrum/testkit';
import { createSqliteStore } from 'thrum';
import { runStoreSuite, type StoreUnderTest } from '../src/index.ts';

async function makeStore(): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'thrum-store-'));
  const env = new VirtualEnv();
  const open = () => createSqliteStore({ file: folder, env });
  let store = open();
  return {
    get store() {
      return store;
    },
    advance: (ms) => env.advance(ms),
    jump: (ms) => env.jump(ms),
    reopen: async () => {
      await store.close();
      store = open();
      return store;
    },
    dispose: () => rm(folder, { recursive: true }),
  };
}

runStoreSuite(makeStore, { name: 'sqlite', reopens: true });
