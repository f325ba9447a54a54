import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, tool, type Outcome, type Result } from './run.ts';

const published = ['protocol', 'core', 'client', 'typing', 'react', 'server'] as const;

/** Packs every published package and lets publint and attw judge the tarball, as an installing user would get it. */
export async function checkShape(): Promise<Result> {
  const folder = join(root, 'node_modules/.cache/packed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const workspaces = published.flatMap((name) => ['--workspace', `packages/${name}`]);
  const packed = await run('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
    ...workspaces,
  ]);
  if (packed.code !== 0) throw new Error(`npm pack failed:\n${packed.output}`);

  const outcomes = await Promise.all(tarballs(packed.output).map((file) => judge(join(folder, file))));
  const all = outcomes.flat();
  const failures = all.filter(({ code }) => code !== 0);
  return {
    passed: all.length - failures.length,
    failed: failures.length,
    output: failures.map(({ output }) => output).join('\n'),
  };
}

function judge(tarball: string): Promise<Outcome[]> {
  return Promise.all([
    tool('publint', [tarball, '--strict']),
    tool('@arethetypeswrong/cli', [tarball, '--profile', 'esm-only', '--no-emoji']),
  ]);
}

function tarballs(output: string): readonly string[] {
  // npm may print warnings around the JSON.
  const list = JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)) as {
    filename: string;
  }[];
  return list.map(({ filename }) => filename);
}
