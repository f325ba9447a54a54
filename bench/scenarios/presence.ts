import { peers, type Peer } from '../peers.ts';
import type { ChurnResult } from '../process/calls.ts';
import type { Rounded } from '../report/stats.ts';
import { count, percent, type Table } from '../report/table.ts';
import { type Cost, oneChannel, Pair } from './pair.ts';
import { cell, middle, peersOf, plotOf, type Scenario, spreadNote } from './scenario.ts';

/** Who come and go at a time. */
const churning = 20;

export interface PresenceSample extends Rounded {
  readonly members: number;
  readonly result: ChurnResult;
  readonly cost: Cost;
}

const peer: Peer = {
  ...peers.thrum,
  server: { program: new URL('../servers/thrum.ts', import.meta.url), args: ['presence'] },
};

/** Thrum alone: none of the others has presence. What does a coming or going cost, with so many who are told of it? */
export const presence: Scenario<PresenceSample> = {
  title: 'presence',
  peers: [peer],

  async measure(peer, round, context) {
    const { members: sizes, seconds, warmupSeconds } = context.options;
    const samples: PresenceSample[] = [];
    for (const members of sizes) {
      await using pair = await Pair.start(peer, context, oneChannel(members + churning));
      await pair.connect(members + churning);
      await pair.enter(members);
      await pair.churn(members, warmupSeconds);
      const { result, cost } = await pair.cost(() => pair.churn(members, seconds));
      samples.push({ peer: `${members} members`, round, members, result, cost });
    }
    return samples;
  },

  tables: (samples) => [tableOf(samples)],
};

const changes = ({ result, cost }: PresenceSample): number => (result.joins + result.leaves) / cost.cpu;

function tableOf(samples: readonly PresenceSample[]): Table {
  const what = `Presence: ${churning} connections enter and leave a channel, and all members are told`;
  return {
    title: `${what}; ${spreadNote(samples)}`,
    columns: [
      ...['in the channel', 'joins and leaves/CPU-s', 'notices/CPU-s', 'joins and leaves/s'],
      ...['server CPU', 'load CPU', 'others'],
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, changes, count),
      cell(samples, peer, ({ result, cost }) => result.told / cost.cpu, count),
      middle(samples, peer, ({ result }) => (result.joins + result.leaves) / result.seconds, count),
      middle(samples, peer, ({ cost }) => cost.cpu / cost.seconds, percent),
      middle(samples, peer, ({ cost, result }) => result.cpu / cost.seconds, percent),
      middle(samples, peer, ({ cost }) => cost.others / cost.seconds, percent),
    ]),
    plot: plotOf(samples, changes, {
      name: 'presence',
      title: what,
      axis: 'Joins and leaves per CPU-second of the server: longer is better',
      format: count,
    }),
  };
}
