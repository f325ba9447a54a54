import { conflation } from './conflation.ts';
import type { Plant } from './plant.ts';
import { publishing } from './publishing.ts';
import { recovery } from './recovery.ts';
import { rights } from './rights.ts';

export type { Plant } from './plant.ts';

export const plants: readonly Plant[] = [...publishing, ...recovery, ...rights, ...conflation];

/** @throws Error naming those there are. */
export function plantOf(name: string): Plant {
  const plant = plants.find((each) => each.name === name);
  if (plant !== undefined) return plant;
  throw new Error(`there is no plant "${name}"; there are ${plants.map((each) => each.name).join(', ')}`);
}
