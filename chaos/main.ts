import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gate, planted } from './cli/gate.ts';
import { help, type Options, readOptions } from './cli/options.ts';
import { failureText, table } from './cli/report.ts';
import { type Task, workAll } from './cli/work.ts';
import { buildShim } from './disk/shim.ts';
import { scenarioOf, scenarios } from './faults/index.ts';
import type { Scenario } from './faults/scenario.ts';
import { plantedAs, plants } from './plants.ts';
import type { Result } from './result.ts';

const out = (text: string): void => void process.stdout.write(text);

async function main(options: Options): Promise<number> {
  if (options.list) return list();
  const { seed } = options;
  out(`seed ${seed}\n`);
  const chosen = options.only === undefined ? scenarios : options.only.map(scenarioOf);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'thrum-chaos-')));
  if (options.gate) return (await gate(options, { folder, ...shimFor(scenarios, folder) }, out)) ? 0 : 1;
  if (options.plant !== undefined) {
    const needed = shimFor([scenarioOf(plantedAs(options.plant).scenario)], folder);
    return planted(options.plant, options, { folder, ...needed }, out);
  }
  return faults(chosen, options, folder);
}

async function faults(chosen: readonly Scenario[], options: Options, folder: string): Promise<number> {
  const { seed, jobs, strict, keep } = options;
  const seconds = Math.max(1, (options.seconds * Math.min(jobs, chosen.length)) / chosen.length);
  const shim = shimFor(chosen, folder);
  const tasks = chosen.map(({ name }): Task => ({ scenario: name, seed, seconds, folder, ...shim }));
  const results = new Map<string, Result>();
  let failed = 0;
  await workAll(tasks, jobs, ({ scenario }, result) => {
    if (result instanceof Error) {
      failed += 1;
      out(`${scenario} could not be run: ${result.message}\n`);
      return;
    }
    results.set(scenario, result);
    const isBroken = result.broken.length > 0 || (strict && result.known.length > 0);
    if (isBroken) failed += 1;
    else if (!keep) rmSync(join(folder, scenario), { recursive: true, force: true });
    process.stderr.write(`${scenario}: ${isBroken ? 'BROKEN' : 'holds'}\n`);
  });
  const done = chosen.map(({ name }) => results.get(name)).filter((result) => result !== undefined);
  out(`\n${table(done)}`);
  for (const { scenario, known } of done)
    if (known.length > 0) out(`known defects under ${scenario}: ${known.join(', ')}\n`);
  for (const result of done)
    if (result.broken.length > 0)
      out(`\n${failureText(result, `npm run chaos -- --only ${result.scenario} --seed ${seed}`)}`);
  if (failed > 0 || keep) out(`\nhistories, logs and data folders: ${folder}\n`);
  else rmSync(folder, { recursive: true, force: true });
  return failed > 0 ? 1 : 0;
}

/** Built once for those that need it. @throws Error saying what is missing. */
function shimFor(chosen: readonly Scenario[], folder: string): { readonly shim?: string } {
  const needing = chosen.filter(({ shim }) => shim === true).map(({ name }) => name);
  if (needing.length === 0) return {};
  try {
    return { shim: buildShim(folder) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const others = scenarios.filter(({ shim }) => shim !== true).map(({ name }) => name);
    throw new Error(
      `${(error as Error).message}\nwithout it: ${needing.join(', ')} cannot run; leave them out with --only ${others.join(',')}`,
      { cause: error },
    );
  }
}

function list(): number {
  out('faults:\n');
  for (const { name, what } of scenarios) out(`  ${name.padEnd(14)} ${what}\n`);
  out('\nplants, and the fault that must show each:\n');
  for (const { plant, scenario } of plants)
    out(`  ${plant.name.padEnd(22)} ${scenario.padEnd(14)} ${plant.why}\n`);
  return 0;
}

// Every server is started from source; what that costs is paid once.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/chaos', import.meta.url));
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) out(help);
  else process.exitCode = await main(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
