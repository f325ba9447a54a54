import type { Line, LineOf, Place, Violation } from '../history.ts';
import { show } from './log.ts';

interface Stream {
  readonly about: readonly string[];
  place: Place | undefined;
  /** A reset may name the publication that follows it, or the place before it. */
  afterReset: boolean;
  readonly seen: Set<string>;
  /** What has no place, by how often it came. */
  readonly counts: Map<string, number>;
}

/**
 * 4, 5 and 7 as an application sees them through the SDK: one listening is one stream, +1 each, nothing twice, and where
 * something may be missing it was told so before.
 */
export function checkStreams(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const streams = new Map<number, Stream>();
  // What a log remembers of repeats is lost with it, so each life of it may have a publication once.
  const lives = new Map<string, Set<number>>();
  let life = 0;
  for (const [at, line] of history.entries()) {
    if (line.k === 'log') life += 1;
    if (line.k === 'append' && line.at === undefined)
      lives.set(line.v, (lives.get(line.v) ?? new Set()).add(life));
    if (line.k === 'listen') {
      const about = [`"s":${line.s},`];
      streams.set(line.s, { about, place: undefined, afterReset: false, seen: new Set(), counts: new Map() });
    }
    if (line.k !== 'status' && line.k !== 'recv') continue;
    const stream = streams.get(line.s);
    if (stream === undefined) continue;
    const problem =
      line.k === 'status' ? told(stream, line) : received(stream, line, lives.get(line.v)?.size ?? 1);
    if (problem === undefined) continue;
    const [invariant, message] = problem;
    violations.push({
      invariant,
      message: `${line.c} on ${line.channel}: ${message}`,
      at,
      about: [...stream.about, ...(line.k === 'recv' ? [`"${line.v}"`] : [])],
    });
  }
  return violations;
}

type Problem = readonly [invariant: string, message: string];

function told(stream: Stream, { type, at }: LineOf<'status'>): Problem | undefined {
  if (type === 'subscribed' || type === 'reset') {
    stream.place = at;
    stream.afterReset = type === 'reset';
    return undefined;
  }
  if (type !== 'recovered') return undefined;
  const { place } = stream;
  stream.place = at;
  stream.afterReset = false;
  if (place === undefined || at === undefined) return undefined;
  if (place.epoch === at.epoch && place.offset === at.offset) return undefined;
  return ['7', `recovered at ${show(at)} and stood at ${show(place)}`];
}

function received(stream: Stream, { at, v }: LineOf<'recv'>, times: number): Problem | undefined {
  if (at === undefined) {
    const count = (stream.counts.get(v) ?? 0) + 1;
    stream.counts.set(v, count);
    return count > times ? ['4', `${v} came twice`] : undefined;
  }
  const { place, afterReset } = stream;
  stream.place = at;
  stream.afterReset = false;
  const key = `${at.epoch} ${v}`;
  if (stream.seen.has(key)) return ['4', `${v} came twice, now at ${show(at)}`];
  stream.seen.add(key);
  if (place === undefined) return undefined;
  const next = at.offset === place.offset + 1 || (afterReset && at.offset === place.offset);
  if (at.epoch === place.epoch && next) return undefined;
  return ['5', `${v} at ${show(at)} came after ${show(place)} without a reset`];
}
