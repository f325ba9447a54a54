// `npm run bench`: measures Thrum beside its peers.
import { writeFileSync } from 'node:fs';
import { readOptions, type Options, type ScenarioName, UsageError } from './options.ts';
import { killChildren } from './process/child.ts';
import { describeMachine, formatMachine } from './report/machine.ts';
import type { Rounded } from './report/stats.ts';
import { formatTable } from './report/table.ts';
import { accept } from './scenarios/accept.ts';
import { fanout } from './scenarios/fanout.ts';
import { idle } from './scenarios/idle.ts';
import { recovery, recoveryPeers } from './scenarios/recovery.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** Peers take turns (A B C A B C), so that a machine that becomes slower does so for all of them. */
async function sample<S extends Rounded>(scenario: Scenario<S>, options: Options): Promise<readonly S[]> {
  const samples: S[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const peer of options.peers) {
      process.stderr.write(`${scenario.title} ${round}/${options.rounds}: ${peer.label ?? peer.name}\n`);
      samples.push(...(await scenario.measure(peer, round, options)));
    }
  }
  return samples;
}

async function measure<S extends Rounded>(scenario: Scenario<S>, options: Options): Promise<readonly S[]> {
  const samples = await sample(scenario, options);
  for (const table of scenario.tables(samples, options)) process.stdout.write(`${formatTable(table)}\n`);
  return samples;
}

const scenarios: Readonly<Record<ScenarioName, (options: Options) => Promise<readonly Rounded[]>>> = {
  fanout: (options) => measure(fanout, options),
  idle: (options) => measure(idle, options),
  accept: (options) => measure(accept, options),
  recovery: (options) => measure(recovery, { ...options, peers: recoveryPeers }),
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const machine = describeMachine(options.peers);
  process.stdout.write(`${formatMachine(machine)}\n`);
  const results: Partial<Record<ScenarioName, readonly Rounded[]>> = {};
  for (const name of options.scenarios) {
    results[name] = await scenarios[name](options);
    // After each, because the next one may fail.
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify({ machine, options, results }, null, 2)}\n`);
    }
  }
}

process.once('exit', killChildren);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
