import type { Mark } from '../process/calls.ts';
import { type Rounded, summarize } from '../report/stats.ts';
import { fixed, type Table } from '../report/table.ts';
import { Pair } from './pair.ts';
import { cell, middle, peersOf, ratioCell, type Scenario } from './scenario.ts';

/** Enough to have loaded and compiled what a connection needs, too few to leave room for the many that follow. */
const warmup = 100;

/** The part of the connections that is there before counting begins; see {@link IdleSample.some}. */
const part = 0.1;

export interface IdleSample extends Rounded {
  readonly connections: number;
  readonly empty: Mark;
  /**
   * With the first tenth open. What a server takes once, when it is first put to work, is some 10 MiB and differs between
   * peers; divided by the connections it would look like a cost of each.
   */
  readonly some: Mark;
  readonly someConnections: number;
  readonly open: Mark;
  /** After each has subscribed to the one channel. */
  readonly subscribed: Mark;
}

/** Many connections that say nothing: what does one more cost in memory? */
export const idle: Scenario<IdleSample> = {
  title: 'idle',

  async measure(peer, round, options) {
    const { connections } = options;
    const someConnections = Math.ceil(connections * part);
    await using pair = await Pair.start(peer, options);
    await pair.connect(warmup);
    await pair.subscribe(warmup);
    await pair.disconnect();
    const empty = await pair.mark(true);
    await pair.connect(someConnections);
    const some = await pair.mark(true);
    await pair.connect(connections - someConnections);
    const open = await pair.mark(true);
    await pair.subscribe(connections);
    const subscribed = await pair.mark(true);
    return [{ peer: peer.name, round, connections, empty, some, someConnections, open, subscribed }];
  },

  tables: (samples) => [tableOf(samples)],
};

/** Bytes for one more connection, of what `size` reads from a mark. */
function each(
  { connections, some, someConnections, open }: IdleSample,
  size: (mark: Mark) => number,
): number {
  return (size(open) - size(some)) / (connections - someConnections);
}

const rssOf = ({ rss }: Mark): number => rss;
const rss = (sample: IdleSample): number => each(sample, rssOf);
const rssSubscribed = (sample: IdleSample): number =>
  rss(sample) + (sample.subscribed.rss - sample.open.rss) / sample.connections;
const rssFromNone = ({ open, empty, connections }: IdleSample): number =>
  (open.rss - empty.rss) / connections;
const heap = (sample: IdleSample): number => each(sample, ({ heapUsed }) => heapUsed);

function tableOf(samples: readonly IdleSample[]): Table {
  const [first] = samples;
  const rounds = summarize(samples.map(({ round }) => round)).max;
  const bytes = (value: number): string => fixed(value, 0);
  return {
    title:
      `Idle: bytes of server memory for each of connections ${first?.someConnections} to ${first?.connections}, ` +
      `after garbage collection; median of ${rounds} rounds (min–max)`,
    columns: [
      'peer',
      'RSS open',
      '× ws',
      'RSS subscribed',
      '× ws',
      'JS heap',
      'RSS, first to last',
      'RSS before',
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, rss, bytes),
      ratioCell(samples, peer, rss),
      cell(samples, peer, rssSubscribed, bytes),
      ratioCell(samples, peer, rssSubscribed),
      middle(samples, peer, heap, bytes),
      middle(samples, peer, rssFromNone, bytes),
      middle(
        samples,
        peer,
        ({ empty }) => empty.rss / 2 ** 20,
        (value) => `${fixed(value, 0)} MiB`,
      ),
    ]),
  };
}
