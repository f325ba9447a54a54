import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../failing-seeds.json', import.meta.url);
const most = 100;

/** Seeds that failed once: they go first. */
export function keptSeeds(): number[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as number[]) : [];
}

export function keepSeed(seed: number): void {
  const seeds = [seed, ...keptSeeds().filter((each) => each !== seed)].slice(0, most);
  writeFileSync(file, `${JSON.stringify(seeds)}\n`);
}
