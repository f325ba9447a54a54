import { type Plant, plantOf as simulated } from '@thrum/sim/plants';

/** A mistake, and the faults under which it must show. */
export interface Planted {
  readonly plant: Plant;
  readonly scenario: string;
}

const own: readonly Planted[] = [
  {
    scenario: 'power-loss',
    plant: {
      name: 'synchronous-off',
      file: 'packages/server/src/brokers/sqlite/sound.ts',
      find: `db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
  db.exec('PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384');
  const synchronous = db.value('PRAGMA synchronous');`,
      replace: `db.exec('PRAGMA synchronous = OFF');
  const synchronous = 2 as unknown;`,
      expected: ['1'],
      why: 'a commit is acknowledged while the kernel alone has it',
    },
  },
  {
    scenario: 'restored',
    plant: {
      name: 'fence-ignored',
      file: 'packages/server/src/brokers/sqlite/open.ts',
      find: 'else reasons.push(...differences(before, found, identityOf(file)));',
      replace: 'else differences(before, found, identityOf(file));',
      expected: ['20', '2', '7', '8'],
      why: 'an older copy of the log goes on under the epoch of the newer one',
    },
  },
  {
    scenario: 'disk-full',
    plant: {
      name: 'failure-acknowledged',
      file: 'packages/server/src/brokers/sqlite/write-queue.ts',
      find: 'waiting.reject(error as SqliteBrokerError);',
      replace: "waiting.resolve({ kind: 'published' });",
      expected: ['1', 'fault'],
      why: 'a publication that could not be written is acknowledged',
    },
  },
  {
    scenario: 'clock',
    plant: {
      name: 'wall-clock-retention',
      file: 'packages/server/src/brokers/sqlite/clock.ts',
      find: 'return this.base + this.env.monotonic();',
      replace: 'return this.env.now();',
      expected: ['19'],
      why: 'what is kept expires by the wall clock, which jumps',
    },
  },
  {
    scenario: 'drain',
    plant: {
      name: 'silent-drain',
      file: 'packages/core/src/drain.ts',
      find: "connection.send({ type: 'reconnect', after: Math.round(at), reason: closeCodes.restart.reason });",
      replace: 'void connection;',
      expected: ['18'],
      why: 'clients are closed without having been told when to come back',
    },
  },
  {
    scenario: 'slow-reader',
    plant: {
      name: 'unbounded-outbox',
      file: 'packages/core/src/connection/outbox.ts',
      find: `return this.backlog === undefined && this.transport.bufferedBytes <= highWater;`,
      replace: 'return true;',
      expected: ['14', 'fault'],
      why: 'everything is handed to the transport, whether or not anybody reads',
    },
  },
];

const ofTheSimulator: readonly (readonly [name: string, scenario: string])[] = [
  ['ack-before-persist', 'kill'],
  ['no-idempotency-key', 'flap'],
  ['epoch-ignored', 'wiped'],
  ['wheel-never-stops', 'none'],
];

export const plants: readonly Planted[] = [
  ...ofTheSimulator.map(([name, scenario]) => ({ plant: simulated(name), scenario })),
  ...own,
];

/** @throws Error naming those there are. */
export function plantedAs(name: string): Planted {
  const found = plants.find(({ plant }) => plant.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `there is no plant "${name}"; there are ${plants.map(({ plant }) => plant.name).join(', ')}`,
  );
}
