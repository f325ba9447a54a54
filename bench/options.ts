import { parseArgs } from 'node:util';
import { isPeerName, type Peer, peerNames, peers } from './peers.ts';
import { descriptorLimit } from './report/machine.ts';

const scenarioNames = ['fanout', 'idle', 'accept', 'recovery'] as const;

export type ScenarioName = (typeof scenarioNames)[number];

export interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly subscribers: number;
  readonly inFlight: readonly number[];
  /** Of the measured part of a fan-out round. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Of `idle`, `accept` and `recovery`. */
  readonly connections: number;
  /** Where the samples go as JSON. */
  readonly json: string | undefined;
  /** The folder for CPU profiles of the servers; they are slower while they write one. */
  readonly profile: string | undefined;
}

/** Somebody asked for help, or for something that does not exist. */
export class UsageError extends Error {}

/** Descriptors that a process needs besides its connections. */
const spareDescriptors = 100;

const usage = `npm run bench -- <fanout | idle | accept | recovery | all> [options]

  --quick            small and short: shows that all works, proves nothing
  --peers a,b        of ${peerNames.join(', ')} (default: all)
  --json file        writes every sample to a file
  --rounds n         each peer once in every round (default 5; quick 2)
  --subscribers n    fan-out: subscribers (default 1000; quick 200)
  --in-flight a,b    fan-out: publications under way (default 4,64)
  --seconds n        fan-out: measured time of one round (default 4; quick 1)
  --connections n    idle, accept, recovery: connections (default 10000; quick 1000)
  --profile folder   CPU profiles of the servers; read them with bench/profile.ts
`;

export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help === true) throw new UsageError(usage);
  const quick = values.quick === true;
  const number = (name: keyof typeof values, usual: number, whenQuick: number): number =>
    values[name] === undefined ? (quick ? whenQuick : usual) : positive(name, String(values[name]));
  return {
    scenarios: readScenarios(positionals),
    peers: list(values.peers ?? peerNames.join()).map((name) => {
      if (isPeerName(name)) return peers[name];
      throw new UsageError(`--peers: expected ${peerNames.join(', ')}, got ${name}`);
    }),
    rounds: number('rounds', 5, 2),
    subscribers: bounded('subscribers', number('subscribers', 1000, 200)),
    inFlight: list(values['in-flight'] ?? '4,64').map((text) => positive('in-flight', text)),
    seconds: number('seconds', 4, 1),
    warmupSeconds: quick ? 0.5 : 1.5,
    connections: bounded('connections', number('connections', 10_000, 1000)),
    json: values.json,
    profile: values.profile,
  };
}

// The return type is what parseArgs infers from its options; spelled out it would be the options once more.
function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ quick: flag, help: flag, peers: text, json: text, rounds: text, subscribers: text },
        ...{ 'in-flight': text, seconds: text, connections: text, profile: text },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readScenarios(names: readonly string[]): readonly ScenarioName[] {
  const [name = ''] = names;
  if (names.length === 1 && name === 'all') return scenarioNames;
  const known = scenarioNames.find((scenario) => scenario === name);
  if (names.length === 1 && known !== undefined) return [known];
  throw new UsageError(
    `expected ${scenarioNames.join(', ')} or all, got ${names.join(' ') || 'nothing'}\n\n${usage}`,
  );
}

function list(text: string): readonly string[] {
  return text.split(',').filter((part) => part !== '');
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${name}: expected a whole number above 0, got ${text}`);
}

function bounded(name: string, wanted: number): number {
  const most = descriptorLimit() - spareDescriptors;
  if (wanted <= most) return wanted;
  process.stderr.write(`--${name}: ${wanted} wanted, ${most} taken: a process here may open no more files\n`);
  return most;
}
