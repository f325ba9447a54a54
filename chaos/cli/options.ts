import { parseArgs } from 'node:util';

export interface Options {
  /** Names of scenarios; undefined: all. */
  readonly only?: readonly string[];
  readonly seconds: number;
  readonly seed: number;
  readonly plant?: string;
  readonly gate: boolean;
  readonly jobs: number;
  readonly keep: boolean;
  readonly list: boolean;
  readonly strict: boolean;
}

export const help = `A real server, the real SDK and real faults, with the checkers of the simulator.

  npm run chaos -- [options]

  --only A,B      these faults alone (see --list)
  --seconds N     how long all of it may take, about (default 180; with --plant and --gate 12 a try)
  --seed S        decides when faults strike; printed first (default: a random one)
  --plant NAME    plant a mistake in the server, under the fault that must show it (exit code 1 when it does, else 3)
  --gate          plant each mistake in turn; fails unless every one is caught within 4 tries
  --jobs N        scenarios at a time (default 2)
  --keep          keep histories, logs and data folders of runs that held too
  --list          faults and plants
  --strict        known defects of the simulator's list fail too
`;

/** @throws Error saying what was expected. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      plant: { type: 'string' },
      gate: { type: 'boolean' },
      jobs: { type: 'string' },
      keep: { type: 'boolean' },
      list: { type: 'boolean' },
      strict: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const planted = values.plant !== undefined || values.gate === true;
  return {
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    seconds: whole('seconds', values.seconds, planted ? 12 : 180),
    seed: whole('seed', values.seed, 1 + Math.floor(Math.random() * 1_000_000)),
    ...(values.plant === undefined ? {} : { plant: values.plant }),
    gate: values.gate ?? false,
    jobs: whole('jobs', values.jobs, 2),
    keep: values.keep ?? false,
    list: values.list ?? false,
    strict: values.strict ?? false,
  };
}

function whole(name: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name}: expected a whole number from 1, got ${value}`);
}
