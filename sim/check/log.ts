import { type Line, linesOf, type Place, type Violation } from '../history.ts';

interface Head {
  readonly epoch: string;
  readonly top: number;
}

/** 20: a lost log never comes back under its old epoch, and within one offsets run +1. */
export function checkEpochs(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  const heads = new Map<string, Head>();
  let common = '';
  for (const [at, line] of history.entries()) {
    if (line.k === 'log') {
      const { channel, epoch, carried = 0 } = line;
      const key = `${channel ?? ''} ${epoch}`;
      if (seen.has(key)) {
        const of = channel === undefined ? '' : ` of ${channel}`;
        const message = `the epoch ${epoch}${of} came back`;
        violations.push({ invariant: '20', message, at, about: ['"k":"log"'] });
      }
      seen.add(key);
      if (channel === undefined) {
        common = epoch;
        heads.clear();
      } else heads.set(channel, { epoch, top: carried });
    } else if (line.k === 'append' && line.at !== undefined) {
      const { channel, at: place } = line;
      const head = heads.get(channel) ?? { epoch: common, top: 0 };
      const { epoch, top } = head;
      heads.set(channel, { epoch, top: place.offset });
      if (place.epoch === epoch && place.offset === top + 1) continue;
      const message = `${show(place)} was appended to ${channel} after ${epoch}:${top}`;
      violations.push({ invariant: '20', message, at, about: ['"k":"log"', channel] });
    }
  }
  return violations;
}

/** 2: one (channel, epoch, offset) is one message, whoever reads it. */
export function checkOneMessage(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const known = new Map<string, string>();
  const look = (channel: string, place: Place | undefined, v: string, at: number): void => {
    if (place === undefined) return;
    const key = `${channel} ${show(place)}`;
    const first = known.get(key);
    if (first === undefined) known.set(key, v);
    else if (first !== v)
      violations.push({ invariant: '2', message: `${key} is ${first} and ${v}`, at, about: [first, v] });
  };
  const calls = new Map(linesOf(history, 'publish').map((line) => [line.call, line]));
  for (const [at, line] of history.entries()) {
    if (line.k === 'append' || line.k === 'recv' || line.k === 'sent')
      look(line.channel, line.at, line.v, at);
    else if (line.k === 'page') for (const item of line.items) look(line.channel, item.at, item.v, at);
    else if (line.k === 'settled' && line.ok) {
      const call = calls.get(line.call);
      if (call !== undefined) look(call.channel, line.at, call.v, at);
    }
  }
  return violations;
}

/** 3: nothing is delivered that was not sent, nor under another name. */
export function checkSent(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const sent = new Map<string, string | undefined>();
  for (const [at, line] of history.entries()) {
    if (line.k === 'publish') sent.set(`${line.channel} ${line.v}`, line.from);
    const values = line.k === 'page' ? line.items.map(({ v }) => v) : [];
    if (line.k === 'recv' || line.k === 'sent' || line.k === 'append') values.push(line.v);
    for (const v of values) {
      const key = `${(line as { channel: string }).channel} ${v}`;
      if (!sent.has(key))
        violations.push({ invariant: '3', message: `${key} was delivered and never sent`, at, about: [v] });
      else if ((line.k === 'recv' || line.k === 'append') && line.from !== sent.get(key)) {
        const message = `${key} was sent by ${sent.get(key)} and came from ${line.from}`;
        violations.push({ invariant: '3', message, at, about: [v] });
      }
    }
  }
  return violations;
}

/**
 * 6: what one publisher sent to one channel is in the log in that order. A value that was sent more than once may stand
 * for any of its calls, so only what was sent last before something was sent first is out of order.
 */
export function checkOrder(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const calls = new Map<string, { readonly first: number; last: number }>();
  const appended = new Set<string>();
  const givenUp = new Set<number>();
  const owners = new Map<string, string>();
  const conflicting = new Set<string>();
  const latest = new Map<string, { readonly first: number; readonly v: string }>();
  let life = 0;
  for (const [at, line] of history.entries()) {
    if (line.k === 'log') life += 1;
    if (line.k === 'publish') {
      const known = calls.get(line.v);
      // Another message under a used id is refused, until a lost log takes the memory of it along.
      const { id = line.v } = line;
      if ((owners.get(id) ?? line.v) !== line.v) conflicting.add(line.v);
      else owners.set(id, line.v);
      if (known === undefined) calls.set(line.v, { first: line.call, last: line.call });
      else known.last = line.call;
    }
    // What was given up may still arrive; when, nobody promised.
    if (line.k === 'settled' && !line.ok) givenUp.add(line.call);
    if (line.k !== 'append') continue;
    const { channel, v } = line;
    if (givenUp.has(calls.get(v)?.last ?? 0) || conflicting.has(v)) continue;
    const { first = 0, last = 0 } = calls.get(v) ?? {};
    // Without a place, what a log remembers of repeats goes with its life.
    const key = `${channel} ${v.slice(0, v.indexOf('#'))} ${line.at?.epoch ?? `life ${life}`}`;
    const before = latest.get(key);
    if (before === undefined || before.first < first) latest.set(key, { first, v });
    const isBack = appended.has(`${channel} ${v}`);
    appended.add(`${channel} ${v}`);
    // What a lost log had already may come after what was published since: nobody remembers it.
    if (before === undefined || last >= before.first || isBack) continue;
    const message = `${channel}: ${v} comes after ${before.v}, which was sent later`;
    violations.push({ invariant: '6', message, at, about: [before.v, v] });
  }
  return violations;
}

export function show({ epoch, offset }: Place): string {
  return `${epoch}:${offset}`;
}
