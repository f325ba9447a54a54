import { invariants } from '@thrum/sim/check';
import { type Line, linesOf, type Violation } from '@thrum/sim/history';
import { knownAs } from '@thrum/sim/known';
import { sliceOf } from '@thrum/sim/slice';
import type { Run } from './run.ts';

/** A broken promise, and the lines that show it. */
interface Broken {
  readonly invariant: string;
  readonly says: string;
  readonly message: string;
  readonly slice: readonly string[];
}

/** What is left of a run once its history is on the disk. */
export interface Result {
  readonly scenario: string;
  readonly rounds: number;
  readonly convergedIn: readonly number[];
  readonly operations: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** Acknowledged and in no log, or missing in a stream without a word. */
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** How often somebody was told that something may be missing. */
  readonly unrecovered: number;
  /** All that are not known already, by invariant. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of each invariant. */
  readonly broken: readonly Broken[];
  readonly known: readonly string[];
}

export function resultOf(scenario: string, { history, violations, rounds, convergedIn }: Run): Result {
  const names = violations.map((violation) => knownAs(violation, history));
  const fresh = violations.filter((_, index) => names[index] === undefined);
  const counts: Record<string, number> = {};
  for (const { invariant } of fresh) counts[invariant] = (counts[invariant] ?? 0) + 1;
  const of = (...numbers: readonly string[]): number =>
    violations.filter(({ invariant }) => numbers.includes(invariant)).length;
  return {
    scenario,
    rounds,
    convergedIn,
    operations: linesOf(history, 'publish').length,
    acknowledged: linesOf(history, 'settled').filter(({ ok }) => ok).length,
    delivered: linesOf(history, 'recv').length,
    lost: of('1', '5', '7'),
    duplicated: of('4'),
    reordered: of('6'),
    unrecovered: linesOf(history, 'status').filter(({ type }) => type === 'reset').length,
    counts,
    broken: firsts(fresh).map((violation) => brokenBy(violation, history)),
    known: [...new Set(names.filter((name) => name !== undefined))],
  };
}

function firsts(violations: readonly Violation[]): readonly Violation[] {
  const seen = new Set<string>();
  return violations.filter(({ invariant }) => seen.size < seen.add(invariant).size);
}

function brokenBy(violation: Violation, history: readonly Line[]): Broken {
  const { invariant, message } = violation;
  return { invariant, says: invariants[invariant] ?? '', message, slice: sliceOf(history, violation) };
}
