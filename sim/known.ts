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
>>>>>>> 9504380abc996bb89ee6b7d8d1f6415501dbda49
  },
];

export function knownAs(violation: Violation, history: readonly Line[]): string | undefined {
  return known.find((each) => each.invariant === violation.invariant && each.matches(violation, history))
    ?.name;
}
