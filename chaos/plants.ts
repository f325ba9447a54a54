import { type Plant, plantOf as simulated } from '@thrum/sim/plants';

/** A mistake, and the faults under which it must show. */
export interface Planted {
  readonly plant: Plant;
  readonly scenario: string;
}

const own: readonly Planted[] = [];

const ofTheSimulator: readonly (readonly [name: string, scenario: string])[] = [
  ['ack-before-persist', 'kill'],
];

export const plants: readonly Planted[] = [
  ...ofTheSimulator.map(([name, scenario]) => ({ plant: simulated(name), scenario })),
  ...own,
];

/** @throws Error naming those there are. */
export function plantedAs(name: string): Planted {
  const found = plants.find(({ plant }) => plant.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `there is no plant "${name}"; there are ${plants.map(({ plant }) => plant.name).join(', ')}`,
  );
}
