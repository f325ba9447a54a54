import type { Mark } from '../process/calls.ts';
import { type Rounded, summarize } from '../report/stats.ts';
import { fixed, type Table } from '../report/table.ts';
import { Pair } from './pair.ts';
import { cell, middle, peersOf, ratioCell, type Scenario } from './scenario.ts';

/** Enough to have loaded and compiled what a connection needs, too few to leave room for the many that follow. */
const warmup = 100;

export interface IdleSample extends Rounded {
  readonly connections: number;
  readonly before: Mark;
  /** After the handshakes. */
  readonly open: Mark;
  /** After each has subscribed to the one channel. */
  readonly subscribed: Mark;
}

/** Many connections that say nothing: what does one more cost in memory? */
export const idle: Scenario<IdleSample> = {
  title: 'idle',

  async measure(peer, round, options) {
    const { connections } = options;
    await using pair = await Pair.start(peer, options);
    await pair.connect(warmup);
    await pair.subscribe(warmup);
    await pair.disconnect();
    const before = await pair.mark(true);
    await pair.connect(connections);
    const open = await pair.mark(true);
    await pair.subscribe(connections);
    const subscribed = await pair.mark(true);
    return [{ peer: peer.name, round, connections, before, open, subscribed }];
  },

  tables: (samples) => [tableOf(samples)],
};

const rss = (sample: IdleSample): number => (sample.open.rss - sample.before.rss) / sample.connections;
const rssSubscribed = (sample: IdleSample): number =>
  (sample.subscribed.rss - sample.before.rss) / sample.connections;
const heap = (sample: IdleSample): number =>
  (sample.open.heapUsed - sample.before.heapUsed) / sample.connections;

function tableOf(samples: readonly IdleSample[]): Table {
  const rounds = summarize(samples.map(({ round }) => round)).max;
  const bytes = (value: number): string => fixed(value, 0);
  return {
    title:
      `Idle: ${samples[0]?.connections} connections, bytes of server memory for each, after garbage collection; ` +
      `median of ${rounds} rounds (min–max)`,
    columns: ['peer', 'RSS open', '× ws', 'RSS subscribed', '× ws', 'JS heap open', 'RSS before'],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, rss, bytes),
      ratioCell(samples, peer, rss),
      cell(samples, peer, rssSubscribed, bytes),
      ratioCell(samples, peer, rssSubscribed),
      middle(samples, peer, heap, bytes),
      middle(
        samples,
        peer,
        ({ before }) => before.rss / 2 ** 20,
        (value) => `${fixed(value, 0)} MiB`,
      ),
    ]),
  };
}
