import type { Context } from '../context.ts';
import { allPeers, compressionPeers, type Peer, rowOf, streamPeers } from '../peers.ts';
import type { PayloadForm } from '../payload.ts';
import { wireOf } from '../load/wire.ts';
import type { Setup } from '../process/calls.ts';
import type { Rounded } from '../report/stats.ts';
import { count, fixed, percent, type Table } from '../report/table.ts';
import { connectionsOf, formatShape, type Shape } from '../shape.ts';
import { Pair } from './pair.ts';
import {
  cell,
  LeftOut,
  middle,
  peersOf,
  plotOf,
  present,
  ratioCell,
  type Scenario,
  spreadNote,
} from './scenario.ts';

export interface FanoutSample extends Rounded {
  readonly inFlight: number;
  readonly shape: Shape;
  readonly payload: PayloadForm;
  readonly published: number;
  readonly deliveries: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly serverUser: number;
  readonly serverSystem: number;
  readonly loadCpu: number;
  /** CPU seconds that others spent on the server's core. */
  readonly others: number;
  readonly p50: number;
  readonly p99: number;
}

/** What makes one kind of fan-out of the general one. */
interface Kind {
  readonly title: string;
  readonly heading: string;
  readonly peers: readonly Peer[];
  /** Rows that the others are compared with, where they were measured. */
  readonly references: readonly string[];
  setups(context: Context): readonly Setup[];
}

/** Everybody who is subscribed gets it: what does one delivery cost the server? */
export const fanout: Scenario<FanoutSample> = fanoutOf({
  title: 'fanout',
  heading: 'Fan-out',
  peers: allPeers,
  references: ['ws', 'tcp', 'floor'],
  setups: ({ options: { shapes, payloads } }) =>
    shapes.flatMap((shape) => payloads.map((bytes): Setup => ({ shape, payload: { bytes, kind: 'text' } }))),
});

/** The same over Server-Sent Events. */
export const sse: Scenario<FanoutSample> = fanoutOf({
  title: 'sse',
  heading: 'Fan-out over Server-Sent Events',
  peers: streamPeers,
  references: ['node:http', 'nchan'],
  setups: ({ options: { shapes, payloads } }) =>
    shapes.flatMap((shape) => payloads.map((bytes): Setup => ({ shape, payload: { bytes, kind: 'text' } }))),
});

/** What a browser agrees to by default, for data that is worth it. */
export const compression: Scenario<FanoutSample> = fanoutOf({
  title: 'compression',
  heading: 'Fan-out with permessage-deflate',
  peers: compressionPeers,
  references: ['ws', 'ws, compressed'],
  setups: ({ options: { shapes } }) =>
    shapes.map((shape): Setup => ({ shape, payload: { bytes: 4096, kind: 'json' } })),
});

function fanoutOf(kind: Kind): Scenario<FanoutSample> {
  const { title, peers } = kind;
  return {
    title,
    peers,
    async measure(peer, round, context) {
      const samples: FanoutSample[] = [];
      for (const setup of kind.setups(context)) {
        if (wireOf(peer.wire).singleChannel === true && setup.shape.subscribers === 1) continue;
        for (const inFlight of context.options.inFlight) {
          samples.push({
            peer: rowOf(peer),
            round,
            inFlight,
            ...setup,
            ...(await run(peer, setup, inFlight, context)),
          });
        }
      }
      return samples;
    },
    tables(samples) {
      const groups = Map.groupBy(samples, ({ shape, payload, inFlight }) =>
        JSON.stringify([shape, payload, inFlight]),
      );
      return [...groups.values()].map((group) => tableOf(kind, group));
    },
  };
}

async function run(
  peer: Peer,
  setup: Setup,
  inFlight: number,
  context: Context,
): Promise<Omit<FanoutSample, keyof Setup | 'peer' | 'round' | 'inFlight'>> {
  const { seconds, warmupSeconds } = context.options;
  await using pair = await startOrLeaveOut(peer, setup, context);
  const connections = connectionsOf(setup.shape);
  await pair.connect(connections);
  await pair.subscribe(connections * setup.shape.channels);
  await pair.warmUp({ inFlight }, warmupSeconds);
  const { result, cost } = await pair.cost(() => pair.publish({ inFlight }, seconds));
  const { published, deliveries, bytes, p50, p99, cpu: loadCpu } = result;
  return {
    ...{ published, deliveries, seconds: result.seconds, bytes, p50, p99, loadCpu },
    ...{ serverUser: cost.user, serverSystem: cost.system, others: cost.others },
  };
}

/** An option that this Thrum does not have is no failure of the measurement. */
async function startOrLeaveOut(peer: Peer, setup: Setup, context: Context): Promise<Pair> {
  try {
    return await Pair.start(peer, context, setup);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/unknown option.*compression/iu.test(message))
      throw new LeftOut('this Thrum has no such option yet', { cause: error });
    throw error;
  }
}

const serverCpu = (sample: FanoutSample): number => sample.serverUser + sample.serverSystem;
const perCpuSecond = (sample: FanoutSample): number => sample.deliveries / serverCpu(sample);

function tableOf({ title, heading, references }: Kind, samples: readonly FanoutSample[]): Table {
  const [first] = samples;
  if (first === undefined) throw new Error('expected samples, got none');
  const { shape, payload, inFlight } = first;
  const what = `${heading}: ${formatShape(shape)}, ${payload.bytes.toLocaleString('en')} B, ${inFlight} in flight`;
  const compared = present(samples, references);
  const one = (value: number): string => fixed(value, 1);
  return {
    title: `${what}; ${spreadNote(samples)}`,
    columns: [
      ...['peer', 'deliveries/CPU-s', ...compared.map((name) => `× ${name}`)],
      ...['deliveries/s', 'p50 ms', 'p99 ms', 'B/delivery'],
      ...['server CPU', 'of it system', 'load CPU', 'others'],
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, perCpuSecond, count),
      ...compared.map((name) => ratioCell(samples, peer, perCpuSecond, name)),
      cell(samples, peer, ({ deliveries, seconds }) => deliveries / seconds, count),
      middle(samples, peer, ({ p50 }) => p50, one),
      middle(samples, peer, ({ p99 }) => p99, one),
      middle(
        samples,
        peer,
        ({ bytes, deliveries }) => bytes / deliveries,
        (value) => fixed(value, 0),
      ),
      middle(samples, peer, (sample) => serverCpu(sample) / sample.seconds, percent),
      middle(samples, peer, (sample) => sample.serverSystem / serverCpu(sample), percent),
      middle(samples, peer, ({ loadCpu, seconds }) => loadCpu / seconds, percent),
      middle(samples, peer, ({ others, seconds }) => others / seconds, percent),
    ]),
    plot: plotOf(samples, perCpuSecond, {
      name: `${title}-${shape.channels}x${shape.subscribers}-${payload.bytes}-${inFlight}`,
      title: what,
      axis: 'Deliveries per CPU-second of the server: longer is better',
      format: count,
    }),
  };
}
