import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer } from '@thrum/bench/answer';
import { scenarioOf } from './faults/index.ts';
import { type Result, resultOf } from './result.ts';
import { run } from './run.ts';

/** What a runner can be asked. One process a scenario, so that what goes wrong in it is that scenario's. */
export interface RunnerCalls {
  run(options: {
    readonly scenario: string;
    readonly seed: number;
    readonly seconds: number;
    readonly folder: string;
    readonly plant?: string;
    readonly shim?: string;
  }): Promise<Result>;
}

answer<RunnerCalls>({
  async run({ scenario, seed, seconds, folder, plant, shim }) {
    const done = await run({
      scenario: scenarioOf(scenario),
      seed,
      seconds,
      folder,
      plant,
      shim,
      onRound: (round) => void process.stderr.write(`${scenario}: round ${round}\n`),
    });
    writeFileSync(
      join(folder, 'history.jsonl'),
      done.history.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    return resultOf(scenario, done);
  },
});
