import type { Line, LineOf, Place, Violation } from '../history.ts';
import { show } from './log.ts';
import { Timeline } from './timeline.ts';

interface Wired {
  place: Place | undefined;
  ack: boolean;
  /** Lowest offset sent since the last answer. */
  from: number;
  readonly asked: Map<number | string, LineOf<'asked'>>;
}

type Problem = readonly [invariant: string, message: string];

/** 5, 7 and the truth of positions, as one connection was sent them (PROTOCOL.md §3, §6). */
export function checkWire(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const timeline = new Timeline(history);
  const wires = new Map<string, Wired>();
  for (const [at, line] of history.entries()) {
    if (line.k !== 'asked' && line.k !== 'answered' && line.k !== 'sent' && line.k !== 'left') continue;
    const key = `${line.conn} ${line.channel}`;
    let wire = wires.get(key);
    if (wire === undefined)
      wires.set(key, (wire = { place: undefined, ack: false, from: Infinity, asked: new Map() }));
    let problem: Problem | undefined;
    if (line.k === 'asked') {
      wire.asked.set(line.id, line);
      if (line.ack === true) wire.ack = true;
    } else if (line.k === 'left') wire.place = undefined;
    else problem = line.k === 'sent' ? sent(wire, line) : answered(wire, line, timeline);
    if (problem === undefined) continue;
    const [invariant, message] = problem;
    violations.push({
      invariant,
      message: `to ${line.conn.slice(0, 7)} on ${line.channel}: ${message}`,
      at,
      about: [line.conn],
    });
  }
  return violations;
}

function sent(wire: Wired, { at, v, conflated = 0 }: LineOf<'sent'>): Problem | undefined {
  if (at === undefined) return undefined;
  const { place } = wire;
  if (place === undefined) return ['5', `${v} at ${show(at)} outside a subscription`];
  const isAgain = wire.ack && at.epoch === place.epoch && at.offset <= place.offset && at.offset >= wire.from;
  if (isAgain) return undefined;
  wire.place = at;
  wire.from = Math.min(wire.from, at.offset);
  const isWhole = at.offset > place.offset && at.offset - conflated <= place.offset + 1;
  if (at.epoch === place.epoch && isWhole) return undefined;
  return ['5', `${v} at ${show(at)} was sent after ${show(place)}`];
}

function answered(wire: Wired, line: LineOf<'answered'>, timeline: Timeline): Problem | undefined {
  const { at, channel, id, recovered, t } = line;
  const asked = id === undefined ? undefined : wire.asked.get(id);
  const before = wire.place;
  wire.place = at;
  // With a position the server's window begins anew; otherwise what waits for its confirmation still comes again.
  if (asked?.since !== undefined || before?.epoch !== at?.epoch) wire.from = Infinity;
  const since = placeOf(asked?.since);
  if (recovered) {
    // A named subscriber recovers from the cursor that the server keeps.
    const from = since ?? (asked?.name === undefined ? undefined : at);
    if (asked === undefined || from === undefined || at === undefined)
      return ['7', 'recovered without a position'];
    if (at.epoch !== from.epoch || at.offset !== from.offset)
      return ['7', `recovered at ${show(at)} where ${show(from)} was asked for`];
    const tops = timeline.tops(channel, asked.t, t);
    if (!tops.has(from.epoch)) return ['7', `recovered from ${show(from)}, which is another log's`];
    if (from.offset > (tops.get(from.epoch)?.[1] ?? 0))
      return ['7', `recovered from ${show(from)}, beyond the top`];
    return undefined;
  }
  if (at === undefined || asked === undefined) return undefined;
  if (before !== undefined && asked.since === undefined) {
    // Other options only: the stream goes on unbroken (§2). It may have begun with an answer that came after this was asked.
    const same = before.epoch === at.epoch && before.offset === at.offset;
    return same ? undefined : ['5', `the stream stood at ${show(before)} and goes on at ${show(at)}`];
  }
  if (asked.since !== undefined && since === undefined) return undefined;
  if (timeline.wasTop(channel, at, asked.t, t)) return undefined;
  return ['20', `begins at ${show(at)}, which never was the top while it was asked for`];
}

/** 2, 5 and 7 in pages of history: one run of offsets, a true top, an honest `recovered`. */
export function checkPages(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const timeline = new Timeline(history);
  for (const [at, line] of history.entries()) {
    if (line.k !== 'page') continue;
    const problem = page(line, timeline);
    if (problem === undefined) continue;
    const [invariant, message] = problem;
    violations.push({
      invariant,
      message: `history of ${line.channel}: ${message}`,
      at,
      about: ['"k":"log"', `"asked":${line.asked}`],
    });
  }
  return violations;
}

function page(
  { at, channel, asked, t, items, reverse, since, recovered }: LineOf<'page'>,
  timeline: Timeline,
): Problem | undefined {
  if (at === undefined) return items.length > 0 ? ['2', 'publications without a position'] : undefined;
  if (!timeline.wasTop(channel, at, asked, t))
    return ['20', `the top is said to be ${show(at)}, which it never was`];
  const step = reverse ? -1 : 1;
  for (const [index, item] of items.entries()) {
    const first = items[0]?.at.offset ?? 0;
    if (item.at.epoch !== at.epoch || item.at.offset !== first + index * step)
      return ['5', `${show(item.at)} is out of line`];
    if (timeline.valueAt(channel, item.at) !== item.v)
      return ['2', `${item.v} does not stand at ${show(item.at)}`];
  }
  if (since === undefined || reverse || !recovered) return undefined;
  if (since.epoch !== at.epoch) return ['7', `nothing missing since ${show(since)}, which is another log's`];
  const first = items[0]?.at.offset;
  const complete = first === undefined ? since.offset === at.offset : first === since.offset + 1;
  return complete ? undefined : ['7', `nothing missing since ${show(since)}, and it begins at ${first}`];
}

function placeOf(since: unknown): Place | undefined {
  return typeof since === 'object' && since !== null && 'epoch' in since ? (since as Place) : undefined;
}
