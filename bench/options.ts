import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isPeerName, type PeerName, peerNames } from './peers.ts';
import type { Shape } from './shape.ts';

export const scenarioNames = [
  ...(['fanout', 'latency', 'frozen', 'sse', 'compression', 'presence'] as const),
  ...(['idle', 'accept', 'recovery', 'codecs'] as const),
] as const;

export type ScenarioName = (typeof scenarioNames)[number];

export interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly peers: readonly PeerName[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly shapes: readonly Shape[];
  /** Bytes. */
  readonly payloads: readonly number[];
  readonly inFlight: readonly number[];
  /** Publications a second, the same for every peer. */
  readonly rate: number;
  /** Of the measured part of a round. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Of `idle`, `accept` and `recovery`; undefined: what each takes for itself. */
  readonly connections: number | undefined;
  /** Processes that share the connections of `idle`. */
  readonly servers: number;
  /** Of `presence`: how many stay in the channel. */
  readonly members: readonly number[];
  /** Where the samples go as JSON. */
  readonly json: string | undefined;
  /** The folder for plots. */
  readonly svg: string | undefined;
  /** The folder for CPU profiles of the servers; they are slower while they write one. */
  readonly profile: string | undefined;
  /** Executables that are not looked for. */
  readonly bun: string | undefined;
  readonly floor: string | undefined;
}

/** Somebody asked for help, or for something that does not exist. */
export class UsageError extends Error {}

const usage = `npm run bench -- <${scenarioNames.join(' | ')} | all> [options]

  --quick            small and short: shows that all works, proves nothing
  --peers a,b        of ${peerNames.join(', ')} (default: all that are installed)
  --rounds n         each peer once in every round (default 5; quick 2)
  --seconds n        measured time of one round (default 4; quick 1)
  --shape a,b        fanout: channels x subscribers of each, such as 1x1000,1000x1,100x100 (default 1x1000; quick 1x200)
  --payload a,b      fanout, sse, latency: bytes (default 100)
  --in-flight a,b    fanout, sse, compression: publications under way (default 4,64)
  --rate n           latency, frozen: publications a second (default 25)
  --connections n    idle (default 18000; over several servers 50000), accept, recovery (default 10000); quick 1000
  --servers n        idle: processes that share the connections (default 1)
  --members a,b      presence: how many stay in the channel (default 10,100,1000; quick 10,100)
  --floor file       the coalescing floor: a program that takes a port and how much to join
  --bun file         Bun, where it is not on the path
  --json file        writes every sample to a file
  --svg folder       draws each table that has a plot
  --profile folder   CPU profiles of the servers; read them with bench/profile.ts
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const grammar = {
  ...{ quick: flag, help: flag, peers: text, json: text, svg: text, profile: text, bun: text, floor: text },
  ...{ rounds: text, seconds: text, shape: text, payload: text, 'in-flight': text, rate: text },
  ...{ connections: text, servers: text, members: text },
} as const;

export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help === true) throw new UsageError(usage);
  const quick = values.quick === true;
  const number = (name: keyof typeof grammar, usual: number): number =>
    values[name] === undefined ? usual : positive(name, String(values[name]));
  const numbers = (name: keyof typeof grammar, usual: string): readonly number[] =>
    list(name, String(values[name] ?? usual)).map((part) => positive(name, part));
  return {
    scenarios: readScenarios(positionals),
    peers: list('peers', values.peers ?? peerNames.join()).map((name) => {
      if (isPeerName(name)) return name;
      throw new UsageError(`--peers: expected ${peerNames.join(', ')}, got ${name}`);
    }),
    quick,
    rounds: number('rounds', quick ? 2 : 5),
    shapes: list('shape', values.shape ?? (quick ? '1x200' : '1x1000')).map(readShape),
    payloads: numbers('payload', '100').map(readPayload),
    inFlight: numbers('in-flight', '4,64'),
    rate: number('rate', 25),
    seconds: number('seconds', quick ? 1 : 4),
    warmupSeconds: quick ? 0.5 : 1.5,
    connections: values.connections === undefined ? undefined : number('connections', 0),
    servers: number('servers', 1),
    members: numbers('members', quick ? '10,100' : '10,100,1000'),
    json: values.json,
    svg: values.svg,
    profile: values.profile,
    bun: readFile('bun', values.bun),
    floor: readFile('floor', values.floor),
  };
}

// The return type is what parseArgs infers from its options; spelled out it would be the options once more.
function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: grammar });
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

function readShape(text: string): Shape {
  const [, channels = '', subscribers = ''] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (Number(channels) > 0 && Number(subscribers) > 0) {
    return { channels: Number(channels), subscribers: Number(subscribers) };
  }
  throw new UsageError(`--shape: expected channels x subscribers such as 100x100, got ${text}`);
}

/** A stamp must fit, and one frame of 16-bit length must hold it with what a protocol puts around it. */
function readPayload(bytes: number): number {
  if (bytes >= 20 && bytes <= 60_000) return bytes;
  throw new UsageError(`--payload: expected 20 to 60000 bytes, got ${bytes}`);
}

function readFile(name: string, path: string | undefined): string | undefined {
  if (path === undefined || existsSync(path)) return path;
  throw new UsageError(`--${name}: expected a file, got ${path}, which does not exist`);
}

function list(name: string, text: string): readonly string[] {
  const parts = text.split(',').filter((part) => part !== '');
  if (parts.length > 0) return parts;
  throw new UsageError(`--${name}: expected at least one value, got none`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${name}: expected a whole number above 0, got ${text}`);
}
