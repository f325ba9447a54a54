import { keyOf, type Line, type LineOf, linesOf, type Violation } from '../history.ts';
import { Timeline } from './timeline.ts';

/** A batch waits for its node's notification and the turn of its timer, beside the interval. */
const slack = 1000;
/** Rates are told to three places, the slowest with an error of a few thousandths. */
const exactness = 0.995;

/** One connection's stream of one channel, from one answer to the next. */
interface Stream {
  readonly since: number;
  /** Milliseconds between two batches; 0: each at once. */
  readonly every: number;
  offset: number | undefined;
  /** By key: the earliest moment at which the server can have decided to send the last that came. */
  readonly decided: Map<number, number>;
  /** By key: what was said to have given way, and is still to be followed by a newer one. */
  readonly owed: Map<number, string>;
  /** By key: the newest that was published, when, and since when one of its key has been waited for. */
  readonly due: Map<number, Due>;
  /** Came too soon after one of its key. The last batch of a stream may. */
  early: (Found & { readonly t: number }) | undefined;
}

interface Due {
  readonly v: string;
  readonly t: number;
  readonly since: number;
}

interface Found {
  readonly message: string;
  readonly at: number;
}

/**
 * PROTOCOL.md §19 as one connection was sent it: what is left out gave way to a newer one of its key that comes, within the
 * interval, no key comes more often than that, and nobody gets less who did not ask and whose channel is not conflated.
 */
export function checkConflation(history: readonly Line[]): Violation[] {
  const conns = new Conns(history);
  for (const [at, line] of history.entries()) conns.look(line, at);
  return conns.violations;
}

class Conns {
  readonly violations: Violation[] = [];
  private readonly timeline: Timeline;
  private readonly streams = new Map<string, Map<string, Stream>>();
  private readonly appendedAt = new Map<string, number>();
  /** With faults a notification may be late or lost, which says nothing about what was made of it. */
  private readonly faulty: boolean;

  constructor(history: readonly Line[]) {
    this.timeline = new Timeline(history);
    this.faulty = linesOf(history, 'world').some(({ faulty }) => faulty);
  }

  look(line: Line, at: number): void {
    if (line.k === 'answered') {
      this.end(line.channel, line.conn, line.t, at);
      this.of(line.channel).set(line.conn, begin(line));
    } else if (line.k === 'left') this.end(line.channel, line.conn, line.t, at);
    else if (line.k === 'gone') {
      for (const streams of this.streams.values()) streams.delete(line.conn);
    } else if (line.k === 'append') this.published(line);
    else if (line.k === 'sent') this.sent(line, at);
    else if (line.k === 'end') {
      for (const [channel, streams] of this.streams)
        for (const conn of [...streams.keys()]) this.end(channel, conn, line.t, at);
    }
  }

  private of(channel: string): Map<string, Stream> {
    let streams = this.streams.get(channel);
    if (streams === undefined) this.streams.set(channel, (streams = new Map()));
    return streams;
  }

  private published({ channel, v, t }: LineOf<'append'>): void {
    const what = `${channel} ${v}`;
    if (!this.appendedAt.has(what)) this.appendedAt.set(what, t);
    if (this.faulty) return;
    for (const { due, every } of this.of(channel).values()) {
      const key = keyOf(v);
      if (every > 0) due.set(key, { v, t, since: due.get(key)?.since ?? t });
    }
  }

  private sent({ channel, conn, v, t, at: place, conflated = 0 }: LineOf<'sent'>, at: number): void {
    const stream = this.of(channel).get(conn);
    if (stream === undefined) return;
    const key = keyOf(v);
    const object = (message: string): void => this.object({ message, at }, channel, conn, v);
    if (stream.early !== undefined && t > stream.early.t) {
      this.object(stream.early, channel, conn, v);
      stream.early = undefined;
    }
    if (conflated > 0 && stream.every === 0)
      object(`${v} stands for ${conflated}, and nobody asked for less`);
    if (place !== undefined) {
      for (let offset = place.offset - conflated; offset < place.offset; offset += 1) {
        const older = this.timeline.valueAt(channel, { ...place, offset });
        if (older !== undefined && offset > (stream.offset ?? 0)) stream.owed.set(keyOf(older), older);
      }
      stream.offset = place.offset;
    }
    stream.owed.delete(key);
    const waited = stream.due.get(key);
    if (waited !== undefined && t - waited.since > stream.every + slack)
      object(`its key has been waited for ${t - waited.since} ms`);
    if (waited?.v === v) stream.due.delete(key);
    else if (waited !== undefined) stream.due.set(key, { ...waited, since: waited.t });
    // What is recovered comes with the answer, at once.
    if (t === stream.since) return;
    // A slow reader gets late what was decided long ago, so two moments of sending say nothing about the interval.
    const next = (stream.decided.get(key) ?? -Infinity) + stream.every * exactness;
    const decided = Math.max(next, this.appendedAt.get(`${channel} ${v}`) ?? -Infinity);
    if (t < decided) stream.early ??= { message: `${v} came ${decided - t} ms too early`, at, t };
    stream.decided.set(key, Math.min(decided, t));
  }

  private end(channel: string, conn: string, t: number, at: number): void {
    const stream = this.of(channel).get(conn);
    if (stream === undefined) return;
    this.of(channel).delete(conn);
    for (const v of stream.owed.values())
      this.object({ message: `${v} gave way, and nothing of its key followed`, at }, channel, conn, v);
    for (const { v, since } of stream.due.values())
      if (t - since > stream.every + slack)
        this.object({ message: `${v} never came, nor anything newer of its key`, at }, channel, conn, v);
  }

  private object({ message, at }: Found, channel: string, conn: string, v: string): void {
    this.violations.push({
      invariant: 'conflation',
      message: `to ${conn.slice(0, 7)} on ${channel}: ${message}`,
      at,
      about: [conn, `"${v}"`],
    });
  }
}

function begin({ t, at, maxRate }: LineOf<'answered'>): Stream {
  return {
    since: t,
    every: maxRate === undefined ? 0 : 1000 / maxRate,
    offset: at?.offset,
    decided: new Map(),
    owed: new Map(),
    due: new Map(),
    early: undefined,
  };
}
