import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDeadline } from '@thrum/testkit';
import { it } from 'vitest';
import { runModel } from '../../../../core/test/model/commands.ts';
import { runs, seed } from '../../../../core/test/support/random.ts';
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';
import { silentLog } from '../../support.ts';

it(
  'a node on the SQLite broker does what a model of thirty lines does, restarts and lost files included',
  { timeout: 300_000 },
  () =>
    runModel(
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
      // Threads are started and files synced for each; a failure that is a silence is shrunk slowly, so not for ever.
      { seed, numRuns: Math.ceil(runs / 15), interruptAfterTimeLimit: 240_000 },
    ),
);
