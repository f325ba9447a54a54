import { describe, expect, it } from 'vitest';
import { checkDrain } from '../check/end.ts';
import { checkConflation } from '../check/conflation.ts';
import { checkers } from '../check/index.ts';
import type { Line } from '../history.ts';
import { cases, drain, drained, world } from './cases.ts';
import * as h from './histories.ts';

const named = cases.map(
  ([checker, title, invariant, happenings]) => [checker.name, title, checker, invariant, happenings] as const,
);

describe('the checkers', () => {
  it.each(named)('%s looks at %s', (_name, _title, checker, invariant, happenings) => {
    const found = checker(h.history(...happenings)).map((violation) => violation.invariant);
    expect(new Set(found)).toEqual(new Set(invariant === undefined ? [] : [invariant]));
  });

  it('can each fail', () => {
    const failing = new Set(
      cases.filter(([, , invariant]) => invariant !== undefined).map(([checker]) => checker),
    );
    expect(checkers.filter((checker) => !failing.has(checker))).toEqual([]);
  });

  it('see a value that never came, where nothing goes wrong by itself', () => {
    const lines = h.history(world(false), { ...h.answered(h.at(0)), maxRate: 10 } as never, h.append('p#1'));
    expect(checkConflation([...lines, { t: 1000, k: 'end' }])).toEqual([]);
    expect(checkConflation([...lines, { t: 1200, k: 'end' }])).toMatchObject([{ invariant: 'conflation' }]);
    expect(checkConflation([...lines, { t: 1200, ...h.sent('p#1') } as Line])).toMatchObject([
      { invariant: 'conflation' },
    ]);
  });

  it('see a drain that takes too long', () => {
    const lines = h.history(world(true), drain, { k: 'told', conn: 'x' }, drained);
    expect(checkDrain([...lines.slice(0, 3), { t: 900, k: 'drained', node: 'n1', left: 0 }])).toMatchObject([
      { invariant: '18' },
    ]);
  });
});
