import { connectionsWith, type Context } from '../context.ts';
import { allPeers, type Peer, rowOf } from '../peers.ts';
import type { Mark } from '../process/calls.ts';
import type { Rounded } from '../report/stats.ts';
import { fixed, type Table } from '../report/table.ts';
import { oneChannel, Pair } from './pair.ts';
import { cell, middle, peersOf, plotOf, ratioCell, type Scenario, spreadNote } from './scenario.ts';

/** Enough to have loaded and compiled what a connection needs, too few to leave room for the many that follow. */
const warmup = 100;

/** The part of the connections that is there before counting begins; see {@link IdleSample.some}. */
const part = 0.1;

/** What a process with 20,000 descriptors can hold, and what three of them can. */
const usualConnections = { inOne: 18_000, inSeveral: 50_000 } as const;

export interface IdleSample extends Rounded {
  readonly servers: number;
  readonly connections: number;
  readonly empty: Memory;
  /**
   * With the first tenth open. What a server takes once, when it is first put to work, is some 10 MiB and differs between
   * peers; divided by the connections it would look like a cost of each.
   */
  readonly some: Memory;
  readonly someConnections: number;
  readonly open: Memory;
  /** After each has subscribed to the one channel. */
  readonly subscribed: Memory;
}

/** Bytes, over all servers. */
type Memory = Pick<Mark, 'rss' | 'heapUsed'>;

/** Many connections that say nothing: what does one more cost in memory? */
export const idle: Scenario<IdleSample> = {
  title: 'idle',
  peers: allPeers,

  async measure(peer, round, context) {
    const { servers } = context.options;
    const usual = servers === 1 ? usualConnections.inOne : usualConnections.inSeveral;
    const each = Math.ceil(connectionsWith(context, usual, servers) / servers);
    const someEach = Math.ceil(each * part);
    await using group = await Group.start(peer, context, each);
    await group.all(async (pair) => {
      await pair.connect(warmup);
      await pair.subscribe(warmup);
      await pair.disconnect();
    });
    const empty = await group.memory();
    await group.all((pair) => pair.connect(someEach));
    const some = await group.memory();
    await group.all((pair) => pair.connect(each - someEach));
    const open = await group.memory();
    await group.all((pair) => pair.subscribe(each));
    const subscribed = await group.memory();
    const [connections, someConnections] = [each * servers, someEach * servers];
    return [
      {
        ...{ peer: rowOf(peer), round, servers, connections, someConnections },
        ...{ empty, some, open, subscribed },
      },
    ];
  },

  tables: (samples) => [tableOf(samples)],
};

/** One server after the other: they share a core, and a storm on all of them at once would be another one. */
class Group implements AsyncDisposable {
  private readonly pairs: Pair[] = [];

  static async start(peer: Peer, context: Context, connections: number): Promise<Group> {
    const group = new Group();
    try {
      for (let server = 0; server < context.options.servers; server += 1) {
        group.pairs.push(await Pair.start(peer, context, oneChannel(connections)));
      }
      return group;
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
  }

  async all(work: (pair: Pair) => Promise<unknown>): Promise<void> {
    for (const pair of this.pairs) await work(pair);
  }

  async memory(): Promise<Memory> {
    const sum = { rss: 0, heapUsed: 0 };
    await this.all(async (pair) => {
      const { rss, heapUsed } = await pair.mark(true);
      sum.rss += rss;
      sum.heapUsed += heapUsed;
    });
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.pairs) await pair[Symbol.asyncDispose]();
  }
}

/** Bytes for one more connection, of what `size` reads from a mark. */
function each(
  { connections, some, someConnections, open }: IdleSample,
  size: (memory: Memory) => number,
): number {
  return (size(open) - size(some)) / (connections - someConnections);
}

const rssOf = ({ rss }: Memory): number => rss;
const rss = (sample: IdleSample): number => each(sample, rssOf);
const rssSubscribed = (sample: IdleSample): number =>
  rss(sample) + (sample.subscribed.rss - sample.open.rss) / sample.connections;
const rssFromNone = ({ open, empty, connections }: IdleSample): number =>
  (open.rss - empty.rss) / connections;
const heap = (sample: IdleSample): number => each(sample, ({ heapUsed }) => heapUsed);

function tableOf(samples: readonly IdleSample[]): Table {
  const [first] = samples;
  if (first === undefined) throw new Error('expected samples, got none');
  const { servers, connections, someConnections } = first;
  const where = servers === 1 ? '' : ` over ${servers} processes`;
  const bytes = (value: number): string => fixed(value, 0);
  const mebibytes = (value: number): string => `${fixed(value / 2 ** 20, 0)} MiB`;
  return {
    title:
      `Idle: bytes of server memory for each of connections ${someConnections} to ${connections}${where}, ` +
      `after garbage collection; ${spreadNote(samples)}`,
    columns: [
      ...['peer', 'RSS open', '× ws', 'RSS subscribed', '× ws', 'JS heap'],
      ...['RSS, first to last', 'RSS before'],
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, rss, bytes),
      ratioCell(samples, peer, rss),
      cell(samples, peer, rssSubscribed, bytes),
      ratioCell(samples, peer, rssSubscribed),
      middle(samples, peer, heap, bytes),
      middle(samples, peer, rssFromNone, bytes),
      middle(samples, peer, ({ empty }) => empty.rss, mebibytes),
    ]),
    plot: plotOf(samples, rss, {
      name: servers === 1 ? 'idle' : `idle-${servers}`,
      title: `Idle: ${connections.toLocaleString('en')} connections${where}`,
      axis: 'Bytes of server memory for each: shorter is better',
      format: bytes,
    }),
  };
}
