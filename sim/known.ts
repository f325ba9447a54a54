import { type Line, linesOf, type Violation } from './history.ts';

/** A defect that is reported and not mended yet: counted, shown, and no reason to fail unless `--strict` is given. */
interface Known {
  readonly name: string;
  readonly invariant: string;
  readonly cause: string;
  matches(violation: Violation, history: readonly Line[]): boolean;
}

/** Remove an entry together with the defect. */
const known: readonly Known[] = [
  {
    name: 'ephemeral-twice-across-nodes',
    invariant: '4',
    cause:
      'a client that moves to a node whose notifications are late gets an ephemeral publication a second time; nothing tells it apart',
    matches: ({ message }, history) =>
      !message.includes('now at') && linesOf(history, 'world').some(({ nodes }) => nodes > 1),
  },
];

export function knownAs(violation: Violation, history: readonly Line[]): string | undefined {
  return known.find((each) => each.invariant === violation.invariant && each.matches(violation, history))
    ?.name;
}
