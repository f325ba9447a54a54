import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runModelSuite } from '@thrum/conformance';
import { defaultDeadline } from '@thrum/testkit';
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';
import { silentLog } from '../../support.ts';

runModelSuite(
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'thrum-model-'));
    return {
      keeps: true,
      patience: defaultDeadline,
      open: (env) => createSqliteBroker({ file: join(folder, 'thrum.db'), env, log: silentLog }),
      lose: () => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
      },
      dispose: () => rmSync(folder, { recursive: true }),
    };
  },
  // Each starts threads and syncs files.
  { name: 'SQLite', runs: 10 },
);
