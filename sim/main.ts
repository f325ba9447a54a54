import { writeFileSync } from 'node:fs';
import { caughtBy, gate, range } from './cli/gate.ts';
import { keepSeed, keptSeeds } from './cli/kept.ts';
import { help, type Options, readOptions } from './cli/options.ts';
import { failureText, Report } from './cli/report.ts';
import { plantBug } from './plants/hook.ts';
import { plantOf } from './plants/index.ts';
import { runSeeds } from './pool.ts';

const out = (text: string): void => void process.stdout.write(text);
const progress = (text: string): void => void process.stderr.write(text);

async function main(options: Options): Promise<number> {
  if (options.seed !== undefined) return one(options.seed, options);
  const last = options.from + options.seeds - 1;
  out(
    `seeds ${options.from} to ${last}${options.plant === undefined ? '' : `, planted: ${options.plant}`}\n`,
  );
  if (options.gate) return (await gate(options, out)) ? 0 : 1;
  if (options.plant !== undefined) return planted(options.plant, options);
  return many(options);
}

/** One seed in this process, so that a debugger can follow it. */
async function one(seed: number, { plant, history, trace }: Options): Promise<number> {
  out(`seed ${seed}\n`);
  const planted = plant === undefined ? undefined : plantOf(plant);
  if (planted !== undefined) plantBug(planted);
  const { run } = await import('./run.ts');
  const { resultOf } = await import('./result.ts');
  const done = await run(seed);
  const lines = done.history.map((line) => JSON.stringify(line)).join('\n');
  if (history !== undefined) writeFileSync(history, `${lines}\n`);
  if (trace) out(`${lines}\n`);
  const result = resultOf(done);
  if (result.violation === undefined) {
    out(`seed ${seed} holds${result.known.length > 0 ? `; known: ${result.known.join(', ')}` : ''}\n`);
    return 0;
  }
  out(failureText(result, planted));
  for (const { invariant, message } of done.violations) progress(`${invariant}: ${message}\n`);
  return 1;
}

async function planted(name: string, options: Options): Promise<number> {
  const plant = plantOf(name);
  const caught = await caughtBy(plant, options);
  if (caught === undefined) {
    out(`${name} was not caught within ${options.seeds} seeds\n`);
    return 3;
  }
  out(failureText(caught, plant));
  return 1;
}

async function many(options: Options): Promise<number> {
  const { from, seeds, jobs, seconds, strict } = options;
  const report = new Report();
  const failures: number[] = [];
  const until = performance.now() + seconds * 1000;
  await runSeeds([...new Set([...keptSeeds(), ...range(from, seeds)])], {
    jobs,
    onResult: (result) => {
      report.add(result);
      if (result.violation !== undefined) {
        failures.push(result.seed);
        keepSeed(result.seed);
        out(failureText(result, undefined));
      }
      if (report.seeds % 100 === 0) progress(`${report.rate()}\n`);
      return failures.length < 10 && performance.now() < until;
    },
  });
  out(report.text());
  for (const name of report.blind) out(`blind: "${name}" never happened\n`);
  const isKnown = strict && report.known.size > 0;
  if (failures.length > 0) out(`${failures.length} seeds failed: ${failures.join(' ')}\n`);
  return failures.length > 0 || report.blind.length > 0 || isKnown ? 1 : 0;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) out(help);
  else process.exitCode = await main(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
