import { type Line, linesOf, type Place } from '../history.ts';

interface Step {
  readonly t: number;
  readonly epoch: string;
  /** Top of each channel at this moment and until the next step of the same channel. */
  readonly channel: string | undefined;
  readonly offset: number;
}

/** What a life of a channel's log took over from the one before it. */
interface Lineage {
  readonly before: string;
  readonly carried: number;
}

/** The log as it really was at every moment. */
export class Timeline {
  private readonly steps: Step[] = [];
  private readonly values = new Map<string, string>();
  private readonly lineages = new Map<string, Lineage>();
  private readonly slack: number;

  constructor(history: readonly Line[]) {
    const epochs = new Map<string, string>();
    this.slack = linesOf(history, 'world')[0]?.slack ?? 0;
    for (const line of history) {
      const { t } = line;
      if (line.k === 'log') {
        const { channel, epoch, carried = 0 } = line;
        this.steps.push({ t, epoch, channel, offset: carried });
        if (channel === undefined) continue;
        const before = epochs.get(channel);
        epochs.set(channel, epoch);
        if (before !== undefined && carried > 0)
          this.lineages.set(`${channel} ${epoch}`, { before, carried });
      } else if (line.k === 'append' && line.at !== undefined) {
        this.steps.push({ t, epoch: line.at.epoch, channel: line.channel, offset: line.at.offset });
        this.values.set(`${line.channel} ${line.at.epoch} ${line.at.offset}`, line.v);
      }
    }
  }

  valueAt(channel: string, { epoch, offset }: Place): string | undefined {
    const lineage = this.lineages.get(`${channel} ${epoch}`);
    if (lineage !== undefined && offset <= lineage.carried)
      return this.valueAt(channel, { epoch: lineage.before, offset });
    return this.values.get(`${channel} ${epoch} ${offset}`);
  }

  /** Every top a channel had between two moments, by epoch: the lowest and the highest. */
  tops(
    channel: string,
    after: number,
    before: number,
  ): ReadonlyMap<string, readonly [low: number, high: number]> {
    const found = new Map<string, [number, number]>();
    const [from, to] = [after - this.slack, before + this.slack];
    let current: Place | undefined;
    for (const { t, epoch, channel: of, offset } of this.steps) {
      if (t > to) break;
      if (of !== undefined && of !== channel) continue;
      // What held until this step counts if it still held at `from`.
      if (t >= from && current !== undefined) widen(found, current);
      current = { epoch, offset };
      if (t >= from) widen(found, current);
    }
    if (current !== undefined) widen(found, current);
    return found;
  }

  /** Whether this was the top at some moment between the two. */
  wasTop(channel: string, { epoch, offset }: Place, from: number, to: number): boolean {
    const range = this.tops(channel, from, to).get(epoch);
    return range !== undefined && offset >= range[0] && offset <= range[1];
  }
}

function widen(found: Map<string, [number, number]>, { epoch, offset }: Place): void {
  const range = found.get(epoch);
  if (range === undefined) found.set(epoch, [offset, offset]);
  else {
    range[0] = Math.min(range[0], offset);
    range[1] = Math.max(range[1], offset);
  }
}
