import { peers, rowOf } from '../peers.ts';
import type { LoopResult } from '../process/calls.ts';
import { type Rounded, summarize } from '../report/stats.ts';
import { fixed, percent, type Table } from '../report/table.ts';
import { oneChannel, type Cost, Pair } from './pair.ts';
import { cell, LeftOut, middle, peersOf, plotOf, type Scenario, spreadNote } from './scenario.ts';

/**
 * Publications of 16 KiB a second that only the one gets: what the kernel keeps for a reader that does not read (some 4 MB on
 * loopback) is full in seconds, and the server has to keep the rest or do something about it. The others are not charged
 * with them.
 */
const ballast = 100;
const sampleEvery = 7;

interface Run {
  readonly result: LoopResult;
  readonly cost: Cost;
  /** Bytes of the server: before publishing, the most until its end, and then after a collection. */
  readonly rssBefore: number;
  readonly rssPeak: number;
  readonly rssSettled: number;
}

export interface FrozenSample extends Rounded {
  readonly subscribers: number;
  readonly rate: number;
  readonly without: Run;
  readonly withFrozen: Run;
  /** The server had closed the frozen one at the end. */
  readonly closed: boolean;
}

/** One reader stops reading: do the others notice, and what does the server keep for it? */
export const frozen: Scenario<FrozenSample> = {
  title: 'frozen',
  peers: [peers.thrum, peers.ws, peers['socket.io'], peers.bun],

  async measure(peer, round, context) {
    const { shapes, rate, seconds, warmupSeconds } = context.options;
    const subscribers = shapes.find(({ channels }) => channels === 1)?.subscribers;
    if (subscribers === undefined || subscribers < 2) {
      throw new LeftOut('it needs a --shape of 1 channel with several subscribers');
    }
    // The usual few seconds do not fill what the kernel keeps.
    const longer = seconds * 4;
    const run = async (isFrozen: boolean): Promise<Run & { readonly closed: boolean }> => {
      await using pair = await Pair.start(peer, context, oneChannel(subscribers));
      await pair.connect(subscribers);
      await pair.subscribe(subscribers);
      await pair.weigh();
      await pair.publish({ rate }, warmupSeconds);
      const { rss: rssBefore } = await pair.mark(true);
      if (isFrozen) await pair.freeze();
      const { result, cost } = await pair.cost(() =>
        pair.publish({ rate }, longer, { sampleEvery, ballast }),
      );
      const { peakRss: rssPeak } = await pair.mark();
      const { rss: rssSettled } = await pair.mark(true);
      return { result, cost, rssBefore, rssPeak, rssSettled, closed: isFrozen && (await pair.thaw()) };
    };
    const { closed: _, ...without } = await run(false);
    const { closed, ...withFrozen } = await run(true);
    return [{ peer: rowOf(peer), round, subscribers, rate, without, withFrozen, closed }];
  },

  tables: (samples) => [tableOf(samples)],
};

/** What the process grew by for it, over what it grows by anyway. */
const peak = ({ without, withFrozen }: FrozenSample): number =>
  withFrozen.rssPeak - withFrozen.rssBefore - (without.rssPeak - without.rssBefore);
const kept = ({ without, withFrozen }: FrozenSample): number =>
  withFrozen.rssSettled - withFrozen.rssBefore - (without.rssSettled - without.rssBefore);
const change = ({ without, withFrozen }: FrozenSample): number =>
  withFrozen.result.p99 / without.result.p99 - 1;

function tableOf(samples: readonly FrozenSample[]): Table {
  const [first] = samples;
  if (first === undefined) throw new Error('expected samples, got none');
  const { subscribers, rate } = first;
  const what = `One of ${subscribers.toLocaleString('en')} readers stops reading: 100 B, ${rate} publications a second`;
  const ms = (value: number): string => fixed(value, 2);
  const mebibytes = (value: number): string => fixed(value / 2 ** 20, 1);
  return {
    title: `${what}; ${spreadNote(samples)}`,
    columns: [
      ...['peer', 'p99 ms of the others', 'without', 'change', 'p50 ms', 'without'],
      ...['MiB kept for it', 'at the peak', 'RSS MiB', 'closed', 'server CPU', 'others'],
    ],
    rows: peersOf(samples).map((peer) => [
      peer,
      cell(samples, peer, ({ withFrozen }) => withFrozen.result.p99, ms),
      cell(samples, peer, ({ without }) => without.result.p99, ms),
      cell(samples, peer, change, percent),
      middle(samples, peer, ({ withFrozen }) => withFrozen.result.p50, ms),
      middle(samples, peer, ({ without }) => without.result.p50, ms),
      cell(samples, peer, kept, mebibytes),
      cell(samples, peer, peak, mebibytes),
      middle(samples, peer, ({ withFrozen }) => withFrozen.rssSettled, mebibytes),
      closedCell(samples, peer),
      middle(samples, peer, ({ withFrozen }) => withFrozen.cost.cpu / withFrozen.cost.seconds, percent),
      middle(samples, peer, ({ withFrozen }) => withFrozen.cost.others / withFrozen.cost.seconds, percent),
    ]),
    plot: plotOf(samples, kept, {
      name: 'frozen',
      title: what,
      axis: 'MiB that the server keeps for it, after a collection: shorter is better',
      format: mebibytes,
    }),
  };
}

function closedCell(samples: readonly FrozenSample[], peer: string): string {
  const part = summarize(
    samples.filter((sample) => sample.peer === peer).map(({ closed }) => Number(closed)),
  );
  return part.min === part.max ? (part.min === 1 ? 'yes' : 'no') : 'sometimes';
}
