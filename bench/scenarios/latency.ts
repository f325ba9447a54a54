import type { Context } from '../context.ts';
import { wireOf } from '../load/wire.ts';
import { allPeers, type Peer, peers, rowOf, tcpEach } from '../peers.ts';
import type { LoopResult, Pace } from '../process/calls.ts';
import type { Rounded } from '../report/stats.ts';
import { count, fixed, percent, type Table } from '../report/table.ts';
import { connectionsOf, formatShape, type Shape } from '../shape.ts';
import { type Cost, Pair } from './pair.ts';
import { cell, middle, peersOf, plotOf, present, ratioCell, type Scenario, spreadNote } from './scenario.ts';

/** How the publications come: at half of what the peer can do, at one rate for all, one after the other. */
type Mode = 'half' | 'fixed' | 'one';

/** To saturate any of them. */
const capacityInFlight = 64;
/** Of the measured time, for finding out what the peer can do: it decides a rate, no result. */
const capacityPart = 0.25;
/** Few deliveries, so that every seventh is timed; a prime, as everywhere. */
const fineSampling = 7;

export interface LatencySample extends Rounded {
  readonly mode: Mode;
  readonly shape: Shape;
  readonly bytes: number;
  /** Publications a second that the peer could do at most. */
  readonly capacity: number;
  /** Publications a second that were asked for; 0 where one waited for the other. */
  readonly rate: number;
  readonly result: LoopResult;
  readonly cost: Cost;
}

/** How long from the request for a publication until a subscriber has it? */
export const latency: Scenario<LatencySample> = {
  title: 'latency',
  peers: allPeers.flatMap((peer) => (peer === peers.tcp ? [peer, tcpEach] : [peer])),

  async measure(peer, round, context) {
    const samples: LatencySample[] = [];
    const { payloads, shapes } = context.options;
    for (const shape of shapes) {
      if (wireOf(peer.wire).singleChannel === true && shape.subscribers === 1) continue;
      for (const bytes of payloads) samples.push(...(await modesOf(peer, round, shape, bytes, context)));
    }
    return samples;
  },

  tables(samples) {
    const groups = Map.groupBy(samples, ({ mode, shape, bytes }) => JSON.stringify([shape, bytes, mode]));
    return [...groups.values()].map(tableOf);
  },
};

/** In one pair of processes, because each of them has to be warm, and the second knows what the first could do. */
async function modesOf(
  peer: Peer,
  round: number,
  shape: Shape,
  bytes: number,
  context: Context,
): Promise<readonly LatencySample[]> {
  const { seconds, warmupSeconds, rate } = context.options;
  await using pair = await Pair.start(peer, context, { shape, payload: { bytes, kind: 'text' } });
  const connections = connectionsOf(shape);
  await pair.connect(connections);
  await pair.subscribe(connections * shape.channels);
  await pair.warmUp({ inFlight: capacityInFlight }, warmupSeconds);
  const most = await pair.publish({ inFlight: capacityInFlight }, Math.max(seconds * capacityPart, 0.5));
  const capacity = most.published / most.seconds;
  const paces: Readonly<
    Record<Mode, { readonly pace: Pace; readonly sampling?: number; readonly rate: number }>
  > = {
    half: { pace: { rate: capacity / 2 }, rate: capacity / 2 },
    fixed: { pace: { rate }, sampling: fineSampling, rate },
    one: { pace: { inFlight: 1 }, sampling: fineSampling, rate: 0 },
  };
  const samples: LatencySample[] = [];
  for (const mode of ['half', 'fixed', 'one'] as const) {
    const { pace, sampling, rate } = paces[mode];
    const { result, cost } = await pair.cost(() =>
      pair.publish(pace, seconds, sampling === undefined ? {} : { sampleEvery: sampling }),
    );
    samples.push({ peer: rowOf(peer), round, mode, shape, bytes, capacity, rate, result, cost });
  }
  return samples;
}

const headings: Readonly<Record<Mode, (first: LatencySample) => string>> = {
  half: () => 'at half of what each can do',
  fixed: ({ rate }) => `at ${rate} publications a second`,
  one: () => '1 in flight',
};

function tableOf(samples: readonly LatencySample[]): Table {
  const [first] = samples;
  if (first === undefined) throw new Error('expected samples, got none');
  const { mode, shape, bytes } = first;
  const what = `Latency ${headings[mode](first)}: ${formatShape(shape)}, ${bytes.toLocaleString('en')} B`;
  // Rates differ in `half`, and so do queues: a ratio of them would compare what cannot be compared.
  const compared = mode === 'half' ? [] : present(samples, ['ws', rowOf(tcpEach)]);
  const p50 = ({ result }: LatencySample): number => result.p50;
  const ms = (value: number): string => fixed(value, 2);
  return {
    title: `${what}; ${spreadNote(samples)}`,
    columns: [
      ...['peer', 'p50 ms', ...compared.map((name) => `× ${name}`), 'p99 ms', 'p99.9 ms', 'timed'],
      ...['publications/s', 'capacity/s', 'load late p99 ms', 'server CPU', 'others'],
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, p50, ms),
      ...compared.map((name) => ratioCell(samples, peer, p50, name)),
      cell(samples, peer, ({ result }) => result.p99, ms),
      middle(samples, peer, ({ result }) => result.p999, ms),
      middle(samples, peer, ({ result }) => result.sampled, count),
      middle(samples, peer, ({ result }) => result.published / result.seconds, count),
      middle(samples, peer, ({ capacity }) => capacity, count),
      middle(samples, peer, ({ result }) => result.late, ms),
      middle(samples, peer, ({ cost }) => cost.cpu / cost.seconds, percent),
      middle(samples, peer, ({ cost }) => cost.others / cost.seconds, percent),
    ]),
    plot: plotOf(samples, p50, {
      name: `latency-${mode}-${shape.channels}x${shape.subscribers}-${bytes}`,
      title: what,
      axis: 'Milliseconds from request to receipt, p50: shorter is better',
      format: ms,
    }),
  };
}
