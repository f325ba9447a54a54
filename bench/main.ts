// `npm run bench`: measures Thrum beside its peers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { findExecutables, missing } from './executables.ts';
import { readOptions, type ScenarioName, UsageError } from './options.ts';
import { type Peer, rowOf } from './peers.ts';
import { killChildren } from './process/child.ts';
import { describeMachine, formatMachine } from './report/machine.ts';
import type { Rounded } from './report/stats.ts';
import { drawSvg } from './report/svg.ts';
import { formatTable } from './report/table.ts';
import { accept } from './scenarios/accept.ts';
import { codecs } from './scenarios/codecs.ts';
import { compression, fanout, sse } from './scenarios/fanout.ts';
import { frozen } from './scenarios/frozen.ts';
import { idle } from './scenarios/idle.ts';
import { latency } from './scenarios/latency.ts';
import { presence } from './scenarios/presence.ts';
import { recovery } from './scenarios/recovery.ts';
import { LeftOut, type Scenario } from './scenarios/scenario.ts';

/** One scenario without its kind of sample. */
interface Runnable {
  /** Those who take part and can be started here. */
  peers(context: Context): readonly Peer[];
  /** Why somebody who was asked for cannot. */
  missing(context: Context): readonly string[];
  run(context: Context): Promise<readonly Rounded[]>;
}

function runnable<S extends Rounded>(scenario: Scenario<S>): Runnable {
  const asked = ({ options }: Context): readonly Peer[] =>
    scenario.peers.filter(({ name }) => options.peers.includes(name));
  const peers = (context: Context): readonly Peer[] =>
    asked(context).filter((peer) => missing(peer, context.executables) === undefined);
  return {
    peers,
    missing: (context) => asked(context).flatMap((peer) => missing(peer, context.executables) ?? []),
    async run(context) {
      const samples = await sample(scenario, peers(context), context);
      report(scenario, samples, context);
      return samples;
    },
  };
}

/** Peers take turns (A B C A B C), so that a machine that becomes slower does so for all of them. */
async function sample<S extends Rounded>(
  scenario: Scenario<S>,
  peers: readonly Peer[],
  context: Context,
): Promise<readonly S[]> {
  const { rounds } = context.options;
  const samples: S[] = [];
  const leftOut = new Set<Peer>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of peers.filter((peer) => !leftOut.has(peer))) {
      process.stderr.write(`${scenario.title} ${round}/${rounds}: ${rowOf(peer)}\n`);
      try {
        samples.push(...(await scenario.measure(peer, round, context)));
      } catch (error) {
        if (!(error instanceof LeftOut)) throw error;
        leftOut.add(peer);
        process.stdout.write(`${scenario.title}: ${rowOf(peer)} is left out: ${error.message}\n\n`);
      }
    }
  }
  return samples;
}

function report<S extends Rounded>(scenario: Scenario<S>, samples: readonly S[], context: Context): void {
  if (samples.length === 0) {
    process.stdout.write(`${scenario.title}: nobody who was asked for takes part\n\n`);
    return;
  }
  const { svg } = context.options;
  for (const table of scenario.tables(samples, context)) {
    process.stdout.write(`${formatTable(table)}\n`);
    if (svg === undefined || table.plot === undefined) continue;
    mkdirSync(svg, { recursive: true });
    writeFileSync(join(svg, `${table.plot.name}.svg`), drawSvg(table.plot));
  }
}

const scenarios: Readonly<Record<ScenarioName, Runnable>> = {
  fanout: runnable(fanout),
  latency: runnable(latency),
  frozen: runnable(frozen),
  sse: runnable(sse),
  compression: runnable(compression),
  presence: runnable(presence),
  idle: runnable(idle),
  accept: runnable(accept),
  recovery: runnable(recovery),
  codecs: runnable(codecs),
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const context: Context = { options, executables: findExecutables(options) };
  const chosen = options.scenarios.map((name) => scenarios[name]);
  const names = new Set(chosen.flatMap((scenario) => scenario.peers(context)).map(({ name }) => name));
  const machine = describeMachine([...names], context.executables);
  process.stdout.write(`${formatMachine(machine)}\n`);
  const reasons = new Set(chosen.flatMap((scenario) => scenario.missing(context)));
  if (reasons.size > 0) process.stdout.write(`${[...reasons].join('\n')}\n\n`);
  const results: Partial<Record<ScenarioName, readonly Rounded[]>> = {};
  for (const name of options.scenarios) {
    results[name] = await scenarios[name].run(context);
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
