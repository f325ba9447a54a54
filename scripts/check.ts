// `npm test`: every check in order, going on after a failure, so that one run tells everything.
import { parseArgs } from 'node:util';
import type { Result } from './run.ts';
import { steps, type Step } from './steps.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',');
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
for (const step of steps.filter(({ name }) => wanted?.includes(name) ?? true)) {
  const startedAt = performance.now();
  const result = await attempt(step);
  passed += result.passed;
  failed += result.failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const count =
    result.failed > 0 ? `${result.passed} passed, ${result.failed} failed` : `${result.passed} passed`;
  process.stdout.write(
    `${result.failed > 0 ? '✗' : '✓'} ${step.name.padEnd(8)} ${seconds.padStart(6)} s   ${count}\n`,
  );
  for (const note of result.notes ?? []) process.stdout.write(`  ${note}\n`);
  if (result.failed > 0) process.stdout.write(`${result.output.trimEnd()}\n\n`);
}

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
