// Reads CPU profiles of `npm run bench -- … --profile folder` and prints where the time went.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable } from './report/table.ts';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const most = 30;

/** Microseconds by function, without those of the functions it calls. */
function selfTimes({ nodes, samples, timeDeltas }: Profile): ReadonlyMap<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  // Neither waiting nor the start of the profile is work of the server.
  for (const name of times.keys())
    if (name === '(idle)' || name.startsWith('post  node:inspector')) times.delete(name);
  return times;
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.replace(/^.*\/(?=packages\/|bench\/|node_modules\/)/, '');
  return `${name}  ${file}:${lineNumber + 1}`;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node bench/profile.ts <folder of .cpuprofile files>\n');
  process.exit(2);
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
  const times = selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile);
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, time]) => [name, `${((time / total) * 100).toFixed(1)} %`, (time / 1000).toFixed(0)]);
  const title = `${file}: ${(total / 1e6).toFixed(2)} s of work, self time`;
  process.stdout.write(`${formatTable({ title, columns: ['function', 'share', 'ms'], rows })}\n`);
}
