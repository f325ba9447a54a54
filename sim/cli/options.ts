import { parseArgs } from 'node:util';

export interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly plant?: string;
  readonly gate: boolean;
  readonly jobs: number;
  readonly seconds: number;
  readonly history?: string;
  readonly trace: boolean;
  readonly strict: boolean;
}

export const help = `The real core and the real SDK in virtual time, under seeded faults.

  npm run sim -- [options]

  --seeds N       how many seeds (default 200)
  --from S        the first one (default 1)
  --seed S        this one alone; with --trace every line of its history
  --history FILE  write the history of --seed, one JSON object a line
  --plant NAME    plant a mistake and show the seed that catches it (exit code 1; 3 if none does)
  --gate          plant each mistake in turn; fails unless every one is caught within --seeds (default 300)
  --jobs N        worker threads (default 2)
  --time SECONDS  stop starting seeds after this long
  --strict        known defects fail too
`;

/** @throws Error saying what was expected. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      plant: { type: 'string' },
      gate: { type: 'boolean' },
      jobs: { type: 'string' },
      time: { type: 'string' },
      history: { type: 'string' },
      trace: { type: 'boolean' },
      strict: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const planted = values.plant !== undefined || values.gate === true;
  return {
    seeds: whole('seeds', values.seeds, planted ? 300 : 200),
    from: whole('from', values.from, 1),
    ...(values.seed === undefined ? {} : { seed: whole('seed', values.seed, 1) }),
    ...(values.plant === undefined ? {} : { plant: values.plant }),
    gate: values.gate ?? false,
    jobs: whole('jobs', values.jobs, 2),
    seconds: values.time === undefined ? Infinity : whole('time', values.time, 0),
    ...(values.history === undefined ? {} : { history: values.history }),
    trace: values.trace ?? false,
    strict: values.strict ?? false,
  };
}

function whole(name: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name}: expected a whole number from 1, got ${value}`);
}
