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

function received(stream: Stream, { at, v, conflated = 0 }: LineOf<'recv'>): Problem | undefined {
  if (at === undefined) return undefined;
  const { place, afterReset } = stream;
  stream.place = at;
  stream.afterReset = false;
  const key = `${at.epoch} ${v}`;
  if (stream.seen.has(key)) return ['4', `${v} came twice, now at ${show(at)}`];
  stream.seen.add(key);
  if (place === undefined) return undefined;
  // What gave way to newer ones is no hole; it may be more than this one has not seen.
  const isWhole = at.offset > place.offset && at.offset - conflated <= place.offset + 1;
  const next = isWhole || (afterReset && at.offset === place.offset);
  if (at.epoch === place.epoch && next) return undefined;
  return ['5', `${v} at ${show(at)} came after ${show(place)} without a reset`];
}

/** 7 for a named subscriber: whoever takes it over goes on no later than where the one before stopped. */
export function checkNamed(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  /** What each listening is an instance of. */
  const names = new Map<number, string>();
  const fresh = new Set<number>();
  const reached = new Map<string, Place>();
  for (const [at, line] of history.entries()) {
    if (line.k === 'listen' && line.name !== undefined) {
      names.set(line.s, `${line.name} on ${line.channel}`);
      fresh.add(line.s);
    }
    if (line.k !== 'status' && line.k !== 'recv') continue;
    const name = names.get(line.s);
    const place = line.at;
    if (name === undefined || place === undefined) continue;
    const before = reached.get(name);
    const isTakeover = line.k === 'status' && fresh.delete(line.s);
    if (line.k === 'status' && !isTakeover && line.type !== 'reset') continue;
    reached.set(name, place);
    const isTold = line.k === 'recv' || line.type !== 'recovered' || before?.epoch !== place.epoch;
    if (isTold || place.offset <= before.offset) continue;
    const message = `${name} goes on at ${show(place)}, and ${show(before)} was the last that came`;
    violations.push({ invariant: '7', message, at, about: [`"name":"${name.split(' ')[0]}"`] });
  }
  return violations;
}
