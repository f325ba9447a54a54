import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import type { TestApi } from '../wire/options.ts';
import { commands, World } from './commands.ts';
import { type ModelHost, Real } from './real.ts';

/** What a run has to have met, or it has shown nothing. */
const situations = [
  'published',
  'duplicate',
  'conflict',
  'trimmed',
  'expired',
  'recovered',
  'got what was missed',
  'was not recoverable',
  'came from another life of the log',
  'a publish was denied',
  'a subscription was denied',
  'a subscription was revoked',
  'restarted',
  'wiped',
];

/** Fewer runs than this may well miss one. */
const enough = 20;

/** A failure that is a silence is shrunk slowly, so not for ever. */
const longest = 240_000;

export interface ModelSuiteOptions {
  readonly name: string;
  /** Sequences of commands. Default 300; THRUM_RUNS multiplies: 3000 is ten times as many. */
  readonly runs?: number;
  /** Default: THRUM_SEED, else any. It is printed first, and repeats the whole. */
  readonly seed?: number;
  /** Default: vitest's. */
  readonly test?: TestApi;
}

/** Runs random commands against a node on this broker, and against a model of what PROTOCOL.md promises of one channel. */
export function runModelSuite(createHost: () => ModelHost, options: ModelSuiteOptions): void {
  const { name, test = { describe, it } as TestApi } = options;
  const seed = options.seed ?? Number(process.env['THRUM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Math.ceil(((options.runs ?? 300) * Number(process.env['THRUM_RUNS'] ?? 300)) / 300);
  test.describe(`a node on the broker: ${name}`, () => {
    test.it(
      'does what the model of a channel does, whatever is asked of it',
      { timeout: 300_000 },
      async () => {
        process.stdout.write(`THRUM_SEED=${seed}\n`);
        const met: Record<string, number> = {};
        const sequences = fc.commands(commands, { maxCommands: 60, size: 'max' });
        const property = fc.asyncProperty(sequences, (steps) => compare(createHost(), new World(met), steps));
        await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: longest });
        if (numRuns >= enough) assert.deepEqual(Object.keys(met).toSorted(), situations.toSorted());
      },
    );
  });
}

async function compare(
  host: ModelHost,
  world: World,
  steps: Iterable<fc.AsyncCommand<World, Real>>,
): Promise<void> {
  const real = new Real(host);
  try {
    await fc.asyncModelRun(() => ({ model: world, real }), steps);
    await real.gets(new Map());
  } finally {
    await real.stop();
    host.dispose();
  }
}
