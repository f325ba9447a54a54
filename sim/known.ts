import { type Line, linesOf, type Violation } from './history.ts';

/** A defect that is reported and not mended yet: counted, shown, and no reason to fail unless `--strict` is given. */
export interface Known {
  readonly name: string;
  readonly invariant: string;
  readonly cause: string;
  matches(violation: Violation, history: readonly Line[]): boolean;
}

/** Remove an entry together with the defect. */
export const known: readonly Known[] = [
  {
    name: 'order-after-unavailable',
    invariant: '6',
    cause:
      'a publish that the broker refused is sent again by the SDK, behind later ones that were on their way already',
    // The refusal itself may wait in an outbox, where the history does not see it.
    matches: ({ about }, history) =>
      linesOf(history, 'received').filter(({ id }) => id === `${about[1]}!`).length > 1 &&
      linesOf(history, 'fault').some(({ fault }) => fault === 'publish-failure' || fault === 'log-crash'),
  },
  {
    name: 'queue-full-though-sent',
    invariant: 'outcome',
    cause: 'the SDK drops a publish that went out before the break as queue_full, while the server has it',
    matches: ({ message }) => message.includes('(queue_full)'),
  },
];

export function knownAs(violation: Violation, history: readonly Line[]): string | undefined {
  return known.find((each) => each.invariant === violation.invariant && each.matches(violation, history))?.name;
}
