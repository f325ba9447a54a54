import { damaged, diskFull, powerLoss, restored, wiped } from './disk.ts';
import { flap, halfOpen, slowReader, storm } from './network.ts';
import { freeze, kill, none } from './process.ts';
import type { Scenario } from './scenario.ts';
import { clock, drain } from './time.ts';

export const scenarios: readonly Scenario[] = [
  none,
  kill,
  freeze,
  halfOpen,
  flap,
  slowReader,
  wiped,
  damaged,
  restored,
  powerLoss,
  diskFull,
  clock,
  drain,
  storm,
];

/** @throws Error naming those there are. */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Error(`there is no fault "${name}"; there are ${scenarios.map((each) => each.name).join(', ')}`);
}
