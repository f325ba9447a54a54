#!/usr/bin/env node
// Statically this imports nothing that an old Node could not parse: the first thing its user reads must be the version,
// not a syntax error.
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  const { run } = await import('./program.ts');
  process.exit(await run(process.argv.slice(2)));
}
process.stderr.write(`${problem}\n`);
process.exit(1);
