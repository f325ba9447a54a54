import type { Line, Violation } from './history.ts';

/** A defect that is reported and not mended yet: counted, shown, and no reason to fail unless `--strict` is given. */
interface Known {
  readonly name: string;
  readonly invariant: string;
  readonly cause: string;
  matches(violation: Violation, history: readonly Line[]): boolean;
}

/** Remove an entry together with the defect. */
const known: readonly Known[] = [];

export function knownAs(violation: Violation, history: readonly Line[]): string | undefined {
  return known.find((each) => each.invariant === violation.invariant && each.matches(violation, history))
    ?.name;
}
