import { type Rounded, summarize } from '../report/stats.ts';
import { count, fixed, percent, type Table } from '../report/table.ts';
import { Pair } from './pair.ts';
import { cell, middle, peersOf, ratioCell, type Scenario } from './scenario.ts';

/** Enough for the optimising compiler: a server that has just started is not what a storm meets. */
const warmup = 2000;

export interface AcceptSample extends Rounded {
  readonly connections: number;
  readonly seconds: number;
  readonly serverUser: number;
  readonly serverSystem: number;
  readonly others: number;
}

/** Everybody comes at once: what does one handshake cost the server? */
export const accept: Scenario<AcceptSample> = {
  title: 'accept',

  async measure(peer, round, options) {
    const { connections } = options;
    await using pair = await Pair.start(peer, options);
    await pair.connect(Math.min(warmup, connections));
    await pair.disconnect();
    const { result: seconds, cost } = await pair.cost(() => pair.connect(connections));
    const { user: serverUser, system: serverSystem, others } = cost;
    return [{ peer: peer.name, round, connections, seconds, serverUser, serverSystem, others }];
  },

  tables: (samples) => [tableOf(samples)],
};

const serverCpu = (sample: AcceptSample): number => sample.serverUser + sample.serverSystem;
const each = (sample: AcceptSample): number => (serverCpu(sample) / sample.connections) * 1e6;

function tableOf(samples: readonly AcceptSample[]): Table {
  const rounds = summarize(samples.map(({ round }) => round)).max;
  return {
    title:
      `Accept: ${samples[0]?.connections} connections in a storm, server CPU from TCP handshake to open; ` +
      `median of ${rounds} rounds (min–max)`,
    columns: ['peer', 'µs CPU each', '× ws', 'connections/s', 'server CPU', 'of it system', 'others'],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, each, (value) => fixed(value, 0)),
      ratioCell(samples, peer, each),
      cell(samples, peer, ({ connections, seconds }) => connections / seconds, count),
      middle(samples, peer, (sample) => serverCpu(sample) / sample.seconds, percent),
      middle(samples, peer, (sample) => sample.serverSystem / serverCpu(sample), percent),
      middle(samples, peer, ({ others, seconds }) => others / seconds, percent),
    ]),
  };
}
