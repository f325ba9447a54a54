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
    name: 'order-after-refusal',
    invariant: '6',
    cause:
      'a publish that is refused for now (unavailable, rate_limited) is sent again by the SDK, behind later ones that were on their way already',
    // The refusal itself may wait in an outbox, where the history does not see it.
    matches: ({ about }, history) => {
      const id = `${about[1]}!`;
      if (linesOf(history, 'received').filter((line) => line.id === id).length < 2) return false;
      const retryable = ['unavailable', 'rate_limited'];
      return (
        linesOf(history, 'refused').some((line) => line.id === id && retryable.includes(line.code)) ||
        linesOf(history, 'fault').some(({ fault }) => fault === 'publish-failure' || fault === 'log-crash')
      );
    },
  },
  {
    name: 'queue-full-though-sent',
    invariant: 'outcome',
    cause: 'the SDK drops a publish that went out before the break as queue_full, while the server has it',
    matches: ({ message }) => message.includes('(queue_full)'),
  },
];

export function knownAs(violation: Violation, history: readonly Line[]): string | undefined {
  return known.find((each) => each.invariant === violation.invariant && each.matches(violation, history))
    ?.name;
}
