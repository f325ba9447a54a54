import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plants } from '../plants/index.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the plant', () => {
  it.each(plants.map((plant) => [plant.name, plant] as const))(
    '%s changes a text that is in its file exactly once',
    (_, { file, find, replace }) => {
      const source = readFileSync(resolve(root, file), 'utf8');
      expect(source.split(find).length - 1, `${JSON.stringify(find)} in ${file}`).toBe(1);
      expect(source.replace(find, () => replace)).not.toBe(source);
    },
  );
});

describe('the plants', () => {
  it('have a name each', () => {
    expect(new Set(plants.map(({ name }) => name)).size).toBe(plants.length);
  });

  // Each of these has been the bug of some real system; a suite that does not see one proves nothing about it.
  it.each([
    'ack-before-persist',
    'no-idempotency-key',
    'epoch-ignored',
    'no-position-check',
    'history-before-hub',
    'torn-position',
    'no-authorisation-on-replay',
    'double-count',
  ])('have %s among them', (name) => {
    expect(plants.map((plant) => plant.name)).toContain(name);
  });
});
