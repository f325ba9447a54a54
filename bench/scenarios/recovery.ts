import { connectionsWith } from '../context.ts';
import { type Peer, rowOf } from '../peers.ts';
import type { Counters, RecoverResult } from '../process/calls.ts';
import type { Rounded } from '../report/stats.ts';
import { count, fixed, percent, type Table } from '../report/table.ts';
import { type Cost, oneChannel, Pair } from './pair.ts';
import { cell, middle, peersOf, plotOf, type Scenario, spreadNote } from './scenario.ts';

/** What everybody misses. */
const missed = 100;
/** Enough for the optimising compiler, as in `accept`. */
const warmup = 1000;
const usualConnections = 10_000;

const program = new URL('../servers/recovery.ts', import.meta.url);

/** Thrum alone: others have no such thing to compare. The second of each pair keeps nothing that could be shared. */
const recoveryPeers: readonly Peer[] = ['memory', 'disk'].flatMap((log) =>
  ['kept', 'unkept'].map((keeping): Peer => ({
    name: 'thrum',
    label: keeping === 'kept' ? log : `${log}, nothing kept`,
    server: { program, args: [log, keeping] },
    wire: 'thrum',
  })),
);

export interface RecoverySample extends Rounded {
  readonly connections: number;
  /** Connecting and subscribing with nothing missed, just before: what the same storm costs without recovery. */
  readonly plain: Cost;
  readonly cost: Cost;
  readonly result: RecoverResult;
  /** Bytes. */
  readonly rssBefore: number;
  readonly rssPeak: number;
  readonly rssSettled: number;
  readonly counters: Counters;
}

/** All are dropped, miss the same hundred publications and come back at once. */
export const recovery: Scenario<RecoverySample> = {
  title: 'recovery',
  peers: recoveryPeers,

  async measure(peer, round, context) {
    const connections = connectionsWith(context, usualConnections, 1);
    await using pair = await Pair.start(peer, context, oneChannel(connections));
    await pair.recover(Math.min(warmup, connections), await pair.miss(missed));
    await pair.disconnect();
    const { cost: plain } = await pair.cost(async () => {
      await pair.connect(connections);
      await pair.subscribe(connections);
    });
    await pair.disconnect();
    const { rss: rssBefore } = await pair.mark(true);
    const gap = await pair.miss(missed);
    const before = await pair.counters();
    const { result, cost } = await pair.cost(() => pair.recover(connections, gap));
    const counters = difference(await pair.counters(), before);
    const { peakRss: rssPeak } = await pair.mark();
    const { rss: rssSettled } = await pair.mark(true);
    if (counters.recovered !== connections)
      throw new Error(`expected ${connections} recoveries, got ${counters.recovered}`);
    return [
      {
        ...{ peer: rowOf(peer), round, connections, plain, cost, result, counters },
        ...{ rssBefore, rssPeak, rssSettled },
      },
    ];
  },

  tables: (samples) => [tableOf(samples)],
};

function difference(after: Counters, before: Counters): Counters {
  const entries = Object.entries(after) as [keyof Counters, number][];
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value - before[name]]),
  ) as unknown as Counters;
}

const mebibytes = (bytes: number): string => fixed(bytes / 2 ** 20, 0);
const micros = (cost: Cost, connections: number): number => (cost.cpu / connections) * 1e6;

function tableOf(samples: readonly RecoverySample[]): Table {
  const what =
    `Recovery: ${samples[0]?.connections} connections come back at once ` +
    `and recover the same ${missed} publications`;
  return {
    title: `${what}; ${spreadNote(samples)}`,
    columns: [
      ...['log', 's first', 's median', 's last', 'CPU s', 'µs CPU each', 'nothing missed', 'server CPU'],
      ...[
        'load CPU',
        'RSS MiB before',
        'peak',
        'settled',
        'pages read',
        'positions read',
        'encoded',
        'others',
      ],
    ],
    rows: peersOf(samples).map((peer) => {
      const of = (value: (sample: RecoverySample) => number, format: (value: number) => string): string =>
        middle(samples, peer, value, format);
      return [
        peer,
        of(
          ({ result }) => result.first,
          (value) => fixed(value, 2),
        ),
        of(
          ({ result }) => result.median,
          (value) => fixed(value, 2),
        ),
        of(
          ({ result }) => result.last,
          (value) => fixed(value, 2),
        ),
        cell(
          samples,
          peer,
          ({ cost }) => cost.cpu,
          (value) => fixed(value, 2),
        ),
        cell(
          samples,
          peer,
          (sample) => micros(sample.cost, sample.connections),
          (value) => fixed(value, 0),
        ),
        of(
          (sample) => micros(sample.plain, sample.connections),
          (value) => fixed(value, 0),
        ),
        of(({ cost }) => cost.cpu / cost.seconds, percent),
        of(({ cost, result }) => result.cpu / cost.seconds, percent),
        of(({ rssBefore }) => rssBefore, mebibytes),
        of(({ rssPeak }) => rssPeak, mebibytes),
        of(({ rssSettled }) => rssSettled, mebibytes),
        of(({ counters }) => counters.pagesRead, count),
        of(({ counters }) => counters.positionsRead, count),
        of(({ counters }) => counters.encoded, count),
        of(({ cost }) => cost.others / cost.seconds, percent),
      ];
    }),
    plot: plotOf(samples, ({ result }) => result.last, {
      name: 'recovery',
      title: what,
      axis: 'Seconds until all have everything: shorter is better',
      format: (value) => fixed(value, 1),
    }),
  };
}
