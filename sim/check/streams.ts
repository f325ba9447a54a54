import type { Line, LineOf, Place, Violation } from '../history.ts';
import { show } from './log.ts';

interface Stream {
  readonly about: readonly string[];
  place: Place | undefined;
  /** A reset may name the publication that follows it, or the place before it. */
  afterReset: boolean;
  readonly seen: Set<string>;
}

/**
 * 4, 5 and 7 as an application sees them through the SDK: one listening is one stream, +1 each, nothing twice, and where
 * something may be missing it was told so before.
 */
export function checkStreams(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const streams = new Map<number, Stream>();
  for (const [at, line] of history.entries()) {
    if (line.k === 'listen') {
      const about = [`"s":${line.s},`];
      streams.set(line.s, { about, place: undefined, afterReset: false, seen: new Set() });
    }
    if (line.k !== 'status' && line.k !== 'recv') continue;
    const stream = streams.get(line.s);
    if (stream === undefined) continue;
    const problem = line.k === 'status' ? told(stream, line) : received(stream, line);
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

function received(stream: Stream, { at, v }: LineOf<'recv'>): Problem | undefined {
  if (at === undefined) return undefined;
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
