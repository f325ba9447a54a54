import { connectionsWith } from '../context.ts';
import { allPeers, rowOf } from '../peers.ts';
import type { Rounded } from '../report/stats.ts';
import { count, fixed, percent, type Table } from '../report/table.ts';
import { oneChannel, Pair } from './pair.ts';
import { cell, middle, peersOf, plotOf, ratioCell, type Scenario, spreadNote } from './scenario.ts';

const usualConnections = 10_000;

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
  peers: allPeers,

  async measure(peer, round, context) {
    const connections = connectionsWith(context, usualConnections, 1);
    await using pair = await Pair.start(peer, context, oneChannel(connections));
    await pair.connect(Math.min(warmup, connections));
    await pair.disconnect();
    const { result: seconds, cost } = await pair.cost(() => pair.connect(connections));
    const { user: serverUser, system: serverSystem, others } = cost;
    return [{ peer: rowOf(peer), round, connections, seconds, serverUser, serverSystem, others }];
  },

  tables: (samples) => [tableOf(samples)],
};

const serverCpu = (sample: AcceptSample): number => sample.serverUser + sample.serverSystem;
const each = (sample: AcceptSample): number => (serverCpu(sample) / sample.connections) * 1e6;

function tableOf(samples: readonly AcceptSample[]): Table {
  const what = `Accept: ${samples[0]?.connections} connections in a storm, server CPU from TCP handshake to open`;
  const micros = (value: number): string => fixed(value, 0);
  return {
    title: `${what}; ${spreadNote(samples)}`,
    columns: ['peer', 'µs CPU each', '× ws', 'connections/s', 'server CPU', 'of it system', 'others'],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, each, micros),
      ratioCell(samples, peer, each),
      cell(samples, peer, ({ connections, seconds }) => connections / seconds, count),
      middle(samples, peer, (sample) => serverCpu(sample) / sample.seconds, percent),
      middle(samples, peer, (sample) => sample.serverSystem / serverCpu(sample), percent),
      middle(samples, peer, ({ others, seconds }) => others / seconds, percent),
    ]),
    plot: plotOf(samples, each, {
      name: 'accept',
      title: what,
      axis: 'Microseconds of server CPU for each connection: shorter is better',
      format: micros,
    }),
  };
}
