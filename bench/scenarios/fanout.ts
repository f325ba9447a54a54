import { type Rounded, summarize } from '../report/stats.ts';
import { count, fixed, percent, type Table } from '../report/table.ts';
import { Pair } from './pair.ts';
import { cell, middle, peersOf, ratioCell, type Scenario } from './scenario.ts';

export interface FanoutSample extends Rounded {
  readonly inFlight: number;
  readonly subscribers: number;
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

/** One channel, many subscribers: what does one delivery cost the server? */
export const fanout: Scenario<FanoutSample> = {
  title: 'fanout',

  async measure(peer, round, options) {
    const { subscribers, seconds, warmupSeconds } = options;
    const samples: FanoutSample[] = [];
    for (const inFlight of options.inFlight) {
      await using pair = await Pair.start(peer, options);
      await pair.connect(subscribers);
      await pair.subscribe(subscribers);
      await pair.publish(inFlight, warmupSeconds);
      const { result, cost } = await pair.cost(() => pair.publish(inFlight, seconds));
      const { published, deliveries, bytes, p50, p99, cpu: loadCpu } = result;
      samples.push({
        peer: peer.name,
        ...{ round, inFlight, subscribers, published, deliveries, seconds: result.seconds, bytes },
        ...{ serverUser: cost.user, serverSystem: cost.system, loadCpu, others: cost.others, p50, p99 },
      });
    }
    return samples;
  },

  tables(samples) {
    const all = [...new Set(samples.map(({ inFlight }) => inFlight))];
    return all.map((inFlight) => tableOf(samples.filter((sample) => sample.inFlight === inFlight)));
  },
};

const serverCpu = (sample: FanoutSample): number => sample.serverUser + sample.serverSystem;
const perCpuSecond = (sample: FanoutSample): number => sample.deliveries / serverCpu(sample);

function tableOf(samples: readonly FanoutSample[]): Table {
  const [first] = samples;
  const rounds = summarize(samples.map(({ round }) => round)).max;
  return {
    title:
      `Fan-out: 1 channel × ${first?.subscribers} subscribers, 100 B, ${first?.inFlight} in flight; ` +
      `median of ${rounds} rounds (min–max)`,
    columns: [
      ...['peer', 'deliveries/CPU-s', '× ws', 'deliveries/s', 'p50 ms', 'p99 ms', 'B/delivery'],
      ...['server CPU', 'of it system', 'load CPU', 'others'],
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, perCpuSecond, count),
      ratioCell(samples, peer, perCpuSecond),
      cell(samples, peer, ({ deliveries, seconds }) => deliveries / seconds, count),
      middle(
        samples,
        peer,
        ({ p50 }) => p50,
        (value) => fixed(value, 1),
      ),
      middle(
        samples,
        peer,
        ({ p99 }) => p99,
        (value) => fixed(value, 1),
      ),
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
  };
}
