import { invariants } from './check/index.ts';
import { knownAs } from './known.ts';
import type { Run } from './run.ts';
import { sliceOf } from './slice.ts';
import { met } from './sometimes.ts';

/** What is left of a run when its history is gone. */
export interface Result {
  readonly seed: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly met: readonly string[];
  /** The first broken promise that is not known already. */
  readonly violation?: { readonly invariant: string; readonly says: string; readonly message: string };
  /** Invariants of all of them. */
  readonly broken: readonly string[];
  readonly slice: readonly string[];
  readonly known: readonly string[];
}

export function resultOf({ seed, virtualMs, events, history, violations }: Run): Result {
  const names = violations.map((violation) => knownAs(violation, history));
  const fresh = violations.filter((_, index) => names[index] === undefined);
  const [first] = fresh;
  return {
    seed,
    virtualMs,
    events,
    met: met(history),
    broken: [...new Set(fresh.map(({ invariant }) => invariant))],
    known: [...new Set(names.filter((name) => name !== undefined))],
    slice: first === undefined ? [] : sliceOf(history, first),
    ...(first === undefined
      ? {}
      : {
          violation: {
            invariant: first.invariant,
            says: invariants[first.invariant] ?? '',
            message: first.message,
          },
        }),
  };
}
