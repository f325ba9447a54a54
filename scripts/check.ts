// `npm test`: every check, going on after a failure, so that one run tells everything.
import { parseArgs } from 'node:util';
import type { Result } from './run.ts';
import { lanes, type Step } from './steps.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',');
const steps = lanes.flat();
const unknown = wanted?.filter((name) => !steps.some((step) => step.name === name)) ?? [];
if (unknown.length > 0) {
  process.stderr.write(
    `No such step: ${unknown.join(', ')}. Steps: ${steps.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}

// Children run in process groups of their own, which a Ctrl-C does not reach; the exit handlers end them.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

async function attempt(step: Step): Promise<Result> {
  try {
    const result = await step.run();
    if (result.passed + result.failed > 0) return result;
    return {
      passed: 0,
      failed: 1,
      output: `${result.output}\nNothing ran in this step, which proves nothing.\n`,
    };
  } catch (error) {
    return { passed: 0, failed: 1, output: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

let passed = 0;
let failed = 0;

/** Runs a step and prints all it has to say at once, so that steps that run side by side do not mix their lines. */
async function report(step: Step): Promise<void> {
  const startedAt = performance.now();
  const result = await attempt(step);
  passed += result.passed;
  failed += result.failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const count =
    result.failed > 0 ? `${result.passed} passed, ${result.failed} failed` : `${result.passed} passed`;
  const lines = [
    `${result.failed > 0 ? '✗' : '✓'} ${step.name.padEnd(8)} ${seconds.padStart(6)} s   ${count}`,
    ...(result.notes ?? []).map((note) => `  ${note}`),
    ...(result.failed > 0 ? [`${result.output.trimEnd()}\n`] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

await Promise.all(
  lanes.map(async (lane) => {
    for (const step of lane) {
      if (wanted?.includes(step.name) ?? true) await report(step);
    }
  }),
);

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
