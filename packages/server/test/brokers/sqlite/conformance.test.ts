import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBrokerSuite } from '@thrum/conformance';
import { VirtualEnv } from '@thrum/testkit';
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';
import { silentLog } from '../../support.ts';

runBrokerSuite(
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'thrum-sqlite-'));
    const env = new VirtualEnv();
    return {
      broker: createSqliteBroker({ file: folder, env, log: silentLog }),
      advance: (ms) => env.advance(ms),
      dispose: async () => rmSync(folder, { recursive: true }),
    };
  },
  { name: 'SQLite' },
);
