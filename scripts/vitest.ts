import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, tool, type Result } from './run.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly Test[] }[];
}

interface Test {
  readonly status: string;
  readonly fullName: string;
  /** `missing`: what the machine lacks for it, put there by testkit's `skip`. */
  readonly meta: { readonly missing?: string };
}

/** Runs one vitest project and counts each of its tests. */
export async function runTests(project: 'unit' | 'wire' | 'browser'): Promise<Result> {
  const folder = join(root, 'node_modules/.cache/check');
  const file = join(folder, `${project}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code, output } = await tool('vitest', ['run', '--project', project, ...reporters], {
    // Many times what a quiet machine takes: a hang is found by the tests themselves, with its name.
    timeout: 3_600_000,
  });

  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return {
      passed: 0,
      failed: 1,
      output: `${output}\nvitest ended with code ${code} and left no report.\n`,
    };
  }
  const passed = report.numPassedTests;
  // A file that fails to load has no tests to count, yet all of its tests are missing.
  const broken = report.testResults.filter(
    (r) => r.status === 'failed' && r.assertionResults.length === 0,
  ).length;
  const skipped = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
  );
  const inCI = process.env['CI'] === 'true';
  let failed = report.numFailedTests + broken + (inCI ? skipped.length : 0);
  // An unhandled error outside of any test is a failure as well.
  if (code !== 0 && failed === 0 && passed > 0) failed = 1;
  const notes = skipped.map(
    ({ fullName, meta }) =>
      `${inCI ? 'failed, because CI has to run it' : 'skipped'}: ${fullName}${meta.missing === undefined ? '' : `: ${meta.missing}`}`,
  );
  return { passed, failed, output, notes };
}
