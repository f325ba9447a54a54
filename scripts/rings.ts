// A rule that never fires looks exactly like a rule that is kept. This plants one violation of each import rule in a
// small tree with the real package manifests, runs the cruiser on it and compares what fired with what was planted.
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, tool } from './run.ts';

const config = join(root, '.dependency-cruiser.js');
const packages = [
  'protocol',
  'core',
  'client',
  'typing',
  'react',
  'server',
  'console',
  'conformance',
  'testkit',
] as const;

/** Each file of the tree with what it imports and the rules that must fire for it, in any order. */
const planted: readonly (readonly [file: string, imports: string, ...rules: string[]])[] = [
  // Lawful neighbours: nothing may fire.
  ['packages/protocol/src/index.ts', ''],
  ['packages/core/src/index.ts', '@thrum/protocol'],
  ['packages/client/src/index.ts', '@thrum/protocol'],
  ['packages/typing/src/messages.ts', '@thrum/protocol'],
  ['packages/typing/src/server/index.ts', '@thrum/core'],
  ['packages/typing/src/client/index.ts', '@thrum/client'],
  ['packages/react/src/index.ts', '@thrum/client'],
  ['packages/server/src/index.ts', '@thrum/typing/server'],
  ['packages/console/src/index.ts', '@thrum/typing/client'],
  ['packages/conformance/src/index.ts', '@thrum/core'],
  ['packages/testkit/src/index.ts', 'thrum'],
  ['packages/core/src/hub.test.ts', '@thrum/testkit'],
  ['packages/core/test/hub.ts', '@thrum/conformance'],
  ['bench/idle.ts', 'thrum'],
  // One violation each.
  ['packages/protocol/src/a.ts', 'node:fs', 'protocol-imports-nothing'],
  ['packages/protocol/src/b.ts', '@thrum/core', 'protocol-imports-nothing'],
  ['packages/core/src/a.ts', 'node:timers', 'core-imports-protocol'],
  ['packages/core/src/b.ts', '@thrum/client', 'core-imports-protocol'],
  ['packages/core/src/c.ts', 'dependency', 'core-imports-protocol'],
  ['packages/client/src/a.ts', 'node:net', 'client-imports-protocol'],
  ['packages/client/src/b.ts', '@thrum/core', 'client-imports-protocol'],
  ['packages/typing/src/server/a.ts', '../client/index.ts', 'feature-server-imports-core'],
  ['packages/typing/src/server/b.ts', 'node:fs', 'feature-server-imports-core'],
  ['packages/typing/src/client/a.ts', '../server/index.ts', 'feature-client-imports-client'],
  ['packages/typing/src/client/b.ts', '@thrum/core', 'feature-client-imports-client'],
  ['packages/typing/src/a.ts', '@thrum/core', 'feature-messages-import-protocol'],
  ['packages/react/src/a.ts', '@thrum/core', 'react-imports-client'],
  ['packages/react/src/b.ts', '@thrum/typing/client', 'react-imports-client'],
  ['packages/console/src/a.ts', '@thrum/core', 'console-imports-client'],
  ['packages/console/src/b.ts', '@thrum/typing/server', 'console-imports-client'],
  ['packages/conformance/src/a.ts', 'thrum', 'nobody-imports-server'],
  ['packages/server/src/a.ts', '../../console/src/index.ts', 'nobody-imports-console', 'packages-by-name'],
  ['packages/server/src/b.ts', '@thrum/conformance', 'nobody-imports-conformance'],
  ['packages/server/src/c.ts', '@thrum/testkit', 'nobody-imports-testkit'],
  ['packages/server/src/d.ts', './d.test.ts', 'no-tests-in-production'],
  ['packages/server/src/d.test.ts', ''],
  ['packages/server/src/e.ts', './missing.ts', 'resolvable'],
  ['packages/testkit/test/a.ts', '../../core/src/index.ts', 'packages-by-name'],
  ['packages/core/src/cycle-a.ts', './cycle-b.ts', 'no-cycle'],
  ['packages/core/src/cycle-b.ts', './cycle-a.ts'],
];

/** Lines saying what differs from what was planted; none when every rule fires where it must and only there. */
export async function checkRings(): Promise<readonly string[]> {
  const tree = join(root, 'node_modules/.cache/rings');
  rmSync(tree, { recursive: true, force: true });
  for (const [file, imports] of planted) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    // Type imports, because a rule that only sees values is half a rule.
    writeFileSync(join(tree, file), imports === '' ? 'export {};\n' : `import type {} from '${imports}';\n`);
  }
  mkdirSync(join(tree, 'node_modules/@thrum'), { recursive: true });
  for (const name of packages) {
    cpSync(join(root, 'packages', name, 'package.json'), join(tree, 'packages', name, 'package.json'));
    const link = name === 'server' ? 'thrum' : `@thrum/${name}`;
    symlinkSync(join(tree, 'packages', name), join(tree, 'node_modules', link), 'dir');
  }
  mkdirSync(join(tree, 'node_modules/dependency'));
  writeFileSync(join(tree, 'node_modules/dependency/index.js'), 'export {};\n');
  writeFileSync(join(tree, 'package.json'), '{"type":"module"}\n');

  const args = ['--config', config, '--output-type', 'json', 'packages', 'bench'];
  const { output } = await tool('dependency-cruiser', args, { cwd: tree });
  const fired = parseViolations(output);
  const wanted = planted.flatMap(([file, , ...rules]) => rules.map((rule) => `${rule}: ${file}`));
  const { default: rules } = (await import(config)) as {
    default: { forbidden: readonly { name: string }[] };
  };
  const unplanted = rules.forbidden
    .map(({ name }) => name)
    .filter((name) => !wanted.some((line) => line.startsWith(`${name}: `)));
  return [
    ...wanted.filter((line) => !fired.has(line)).map((line) => `planted but not found: ${line}`),
    ...[...fired].filter((line) => !wanted.includes(line)).map((line) => `found but not planted: ${line}`),
    ...unplanted.map((rule) => `no violation is planted for the rule ${rule}`),
  ];
}

function parseViolations(output: string): ReadonlySet<string> {
  try {
    const { summary } = JSON.parse(output) as {
      summary: { violations: readonly { rule: { name: string }; from: string }[] };
    };
    return new Set(summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`));
  } catch {
    throw new Error(`dependency-cruiser did not answer with JSON:\n${output}`);
  }
}
