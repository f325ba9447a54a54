import { readFileSync } from 'node:fs';
import { invariants } from '@thrum/sim/check';
import { expect, it } from 'vitest';
import { scenarioOf, scenarios } from '../faults/index.ts';
import { plants } from '../plants.ts';

const root = new URL('../../', import.meta.url);

it.each(plants.map(({ plant, scenario }) => [plant.name, scenario, plant] as const))(
  '%s has its place in the source, under %s',
  (_name, scenario, { file, find, expected }) => {
    expect(readFileSync(new URL(file, root), 'utf8').split(find)).toHaveLength(2);
    expect(scenarioOf(scenario).name).toBe(scenario);
    expect(expected.filter((invariant) => invariants[invariant] === undefined)).toEqual([]);
  },
);

it('names each fault once', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});
