import { plants, type Plant } from '../plants/index.ts';
import { invariants } from '../check/index.ts';
import { runSeeds } from '../pool.ts';
import type { Result } from '../result.ts';
import type { Options } from './options.ts';

/** The first seed that catches a plant by an invariant it was expected to break. */
export async function caughtBy(plant: Plant, { seeds, from, jobs }: Options): Promise<Result | undefined> {
  let caught: Result | undefined;
  await runSeeds(range(from, seeds), {
    jobs,
    plant: plant.name,
    onResult: (result) => {
      if (result.broken.some((invariant) => plant.expected.includes(invariant)))
        if (caught === undefined || result.seed < caught.seed) caught = result;
      return caught === undefined;
    },
  });
  return caught;
}

/** Every plant in turn. True when each was caught. */
export async function gate(options: Options, print: (text: string) => void): Promise<boolean> {
  let count = 0;
  for (const plant of plants) {
    const caught = await caughtBy(plant, options);
    const by = caught?.broken.find((invariant) => plant.expected.includes(invariant));
    if (by !== undefined) count += 1;
    const how =
      by === undefined ? 'NOT CAUGHT' : `seed ${caught?.seed}`.padEnd(10) + `broke ${by}: ${invariants[by]}`;
    print(`${plant.name.padEnd(28)} ${how}\n`);
  }
  print(`${count} of ${plants.length} plants were caught\n`);
  return count === plants.length;
}

export function* range(from: number, count: number): Generator<number, undefined> {
  for (let seed = from; seed < from + count; seed += 1) yield seed;
  return undefined;
}
