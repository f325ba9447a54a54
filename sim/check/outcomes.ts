import { type Line, type LineOf, linesOf, type Violation } from '../history.ts';
import { show } from './log.ts';

/** After these the server may have it all the same (the SDK's `publish`); every other refusal is an honest no. */
const unknown: ReadonlySet<string> = new Set([
  'expired',
  'timeout',
  'aborted',
  'disconnected',
  'unavailable',
  'internal',
]);

/** 1: what was acknowledged was appended. */
export function checkAcknowledged(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const calls = new Map(linesOf(history, 'publish').map((line) => [line.call, line]));
  const appended = new Map<string, string[]>();
  for (const [at, line] of history.entries()) {
    if (line.k === 'append') {
      const key = `${line.channel} ${line.v}`;
      const places = appended.get(key) ?? [];
      places.push(line.at === undefined ? '' : show(line.at));
      appended.set(key, places);
    }
    if (line.k !== 'settled' || !line.ok) continue;
    const call = calls.get(line.call);
    const key = `${call?.channel} ${call?.v}`;
    const places = appended.get(key);
    const about = [`"${call?.v}"`, `"call":${line.call}`];
    if (places === undefined)
      violations.push({ invariant: '1', message: `${key} was acknowledged and is in no log`, at, about });
    else if (line.at !== undefined && !places.includes(show(line.at))) {
      const message = `${key} was acknowledged at ${show(line.at)} and stands at ${places.join(', ')}`;
      violations.push({ invariant: 'outcome', message, at, about });
    }
  }
  return violations;
}

/** Every publish promise settles exactly once, and a definite no means that it never happened. */
export function checkOutcomes(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const settled = new Map<number, LineOf<'settled'>>();
  const appended = new Set(linesOf(history, 'append').map(({ channel, v }) => `${channel} ${v}`));
  // Pages that were closed in the middle of it never hear of their publishes.
  const alive = new Set(
    linesOf(history, 'leftover')
      .filter(({ what }) => what === 'queued')
      .map(({ who }) => who),
  );
  const tries = countTries(history);
  const calls = new Map(linesOf(history, 'publish').map((line) => [line.call, line]));
  const sendings = countCalls(calls.values());
  for (const [at, line] of history.entries()) {
    if (line.k !== 'settled') continue;
    const call = calls.get(line.call);
    const about = [`"${call?.v}"`, `"call":${line.call}`];
    if (settled.has(line.call))
      violations.push({ invariant: 'outcome', message: `call ${line.call} settled twice`, at, about });
    settled.set(line.call, line);
    if (line.ok || call === undefined || unknown.has(line.code ?? '')) continue;
    // Where it went twice, the refusal is of the second try, and says nothing of the first.
    if ((tries.get(call.id ?? '') ?? 0) > 1 || (sendings.get(call.v) ?? 0) > 1) continue;
    if (appended.has(`${call.channel} ${call.v}`)) {
      const message = `${call.v} was refused (${line.code}) and is in the log`;
      violations.push({ invariant: 'outcome', message, at, about });
    }
  }
  for (const { call, v } of calls.values()) {
    if (settled.has(call) || !alive.has(v.slice(0, v.indexOf('#')))) continue;
    const message = `the promise of ${v} never settled`;
    violations.push({ invariant: 'outcome', message, at: history.length - 1, about: [`"${v}"`] });
  }
  return violations;
}

/** How often each id reached a server. */
function countTries(history: readonly Line[]): ReadonlyMap<string, number> {
  const tries = new Map<string, number>();
  for (const { id } of linesOf(history, 'received')) tries.set(id, (tries.get(id) ?? 0) + 1);
  return tries;
}

function countCalls(calls: Iterable<LineOf<'publish'>>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { v } of calls) counts.set(v, (counts.get(v) ?? 0) + 1);
  return counts;
}
