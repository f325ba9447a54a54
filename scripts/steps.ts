import { ensureChromium } from './chromium.ts';
import { ensureConsole } from './console.ts';
import { installPackage } from './debian.ts';
import { checkLinks } from './links.ts';
import { checkRings } from './rings.ts';
import { run, tool, type Outcome, type Result } from './run.ts';
import { checkShape } from './shape.ts';
import { runTests } from './vitest.ts';

export interface Step {
  readonly name: string;
  run(): Promise<Result>;
}

/** One check that a tool's exit code decides. */
function single({ code, output }: Outcome): Result {
  return code === 0 ? { passed: 1, failed: 0, output } : { passed: 0, failed: 1, output };
}

async function imports(): Promise<Result> {
  const folders = ['packages', 'bench', 'sim', 'chaos', 'e2e', 'scripts', 'examples'];
  const tree = single(await tool('dependency-cruiser', ['--config', '.dependency-cruiser.js', ...folders]));
  const differences = await checkRings();
  const rules = single({ code: differences.length, output: differences.join('\n') });
  return {
    passed: tree.passed + rules.passed,
    failed: tree.failed + rules.failed,
    output: `${tree.output}\n${rules.output}`,
  };
}

/** Programs of other projects that tests run: [how to ask whether it is there, Debian's package of it]. */
const programs: readonly (readonly [command: string, flag: string, debian: string])[] = [
  // The durable broker's calls of fsync are counted with it.
  ['strace', '-V', 'strace'],
  ['redis-server', '--version', 'redis-server'],
];

/** What is missing and cannot be installed leaves its tests out, and is said. */
async function unit(): Promise<Result> {
  const failures: string[] = [];
  for (const [command, flag, name] of programs) {
    const { code } = await run(command, [flag]);
    const installed = code === 0 || (await installPackage(name));
    if (typeof installed === 'string') failures.push(installed);
  }
  const result = await runTests('unit');
  return failures.length > 0 ? { ...result, notes: [...(result.notes ?? []), ...failures] } : result;
}

async function browser(): Promise<Result> {
  const chromium = await ensureChromium();
  if ('missing' in chromium) throw new Error(chromium.missing);
  await ensureConsole();
  return runTests('browser');
}

/**
 * The lanes run side by side, the steps of one in their order: cheap and general first. The tests mostly wait, so two lanes
 * of them take little longer than one; `shape` judges what `types` builds.
 */
export const lanes: readonly (readonly Step[])[] = [
  [
    { name: 'types', run: async () => single(await tool('@typescript/native', ['-b'])) },
    { name: 'shape', run: checkShape },
    { name: 'unit', run: unit },
  ],
  [
    { name: 'format', run: async () => single(await tool('oxfmt', ['--check', '.'])) },
    { name: 'lint', run: async () => single(await tool('oxlint', ['--deny-warnings', '.'])) },
    { name: 'links', run: checkLinks },
    { name: 'imports', run: imports },
    { name: 'unused', run: async () => single(await tool('knip', ['--no-progress', '--no-config-hints'])) },
    { name: 'sizes', run: async () => single(await tool('size-limit', [])) },
    { name: 'wire', run: () => runTests('wire') },
    { name: 'browser', run: browser },
  ],
];
