import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Planted, plantedAs, plants } from '../plants.ts';
import type { Result } from '../result.ts';
import type { Options } from './options.ts';
import { failureText } from './report.ts';
import { work } from './work.ts';

const tries = 4;

interface Place {
  readonly folder: string;
  readonly shim?: string;
}

/** The first run that shows a plant by an invariant it was expected to break. */
async function caughtBy(
  { plant, scenario }: Planted,
  { seed, seconds }: Options,
  { folder, shim }: Place,
): Promise<{ readonly result: Result; readonly seed: number } | undefined> {
  for (let at = seed; at < seed + tries; at += 1) {
    const own = join(folder, `${plant.name}-${at}`);
    const result = await work({
      scenario,
      seed: at,
      seconds,
      folder: own,
      plant: plant.name,
      ...(shim === undefined ? {} : { shim }),
    });
    if (result.broken.some(({ invariant }) => plant.expected.includes(invariant)))
      return { result, seed: at };
    rmSync(own, { recursive: true, force: true });
  }
  return undefined;
}

/** Every plant in turn. True when each was caught. */
export async function gate(options: Options, place: Place, print: (text: string) => void): Promise<boolean> {
  let all = true;
  for (const planted of plants) {
    const { plant, scenario } = planted;
    const caught = await caughtBy(planted, options, place);
    all &&= caught !== undefined;
    const how =
      caught === undefined
        ? `NOT CAUGHT under ${scenario}`
        : `${scenario} broke ${Object.keys(caught.result.counts).join(', ')}`;
    print(`${plant.name.padEnd(28)} ${how}\n`);
  }
  rmSync(place.folder, { recursive: true, force: true });
  return all;
}

/** One plant, with the story of how it shows. Returns the exit code. */
export async function planted(
  name: string,
  options: Options,
  place: Place,
  print: (text: string) => void,
): Promise<number> {
  const caught = await caughtBy(plantedAs(name), options, place);
  if (caught === undefined) {
    print(`${name} was not caught in ${tries} tries\n`);
    return 3;
  }
  print(failureText(caught.result, `npm run chaos -- --plant ${name} --seed ${caught.seed}`));
  print(`\nhistory, log and data folder: ${place.folder}\n`);
  return 1;
}
