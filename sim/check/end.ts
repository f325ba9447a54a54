import { type Line, linesOf, type Violation } from '../history.ts';

const settledStatus: ReadonlySet<string> = new Set(['subscribed', 'recovered', 'reset']);

/** 8: after the heal everybody reaches the top. */
export function checkConvergence(history: readonly Line[]): Violation[] {
  return where(history, 'stands', (line) => {
    const { c, s, channel, status, state, at, top } = line;
    const about = [`"s":${s},`, `"c":"${c}","state"`, '"k":"heal"', '"k":"stop"'];
    if (status === 'forbidden') return undefined;
    if (state !== 'connected') return ['8', `${c} is ${state}`, about];
    if (!settledStatus.has(status)) return ['8', `${c} on ${channel} is ${status}`, about];
    if (at === undefined || (at.epoch === top.epoch && at.offset === top.offset)) return undefined;
    return [
      '8',
      `${c} on ${channel} stands at ${at.epoch}:${at.offset}, the top is ${top.epoch}:${top.offset}`,
      about,
    ];
  });
}

/** 10: presence is the live connections, and what clients show is presence. */
export function checkPresence(history: readonly Line[]): Violation[] {
  return [
    ...where(history, 'present', ({ node, channel, members, live }) =>
      same(members, live)
        ? undefined
        : [
            '10',
            `${node} shows ${members.join(' ')} in ${channel}, connected are ${live.join(' ')}`,
            ['"k":"members"'],
          ],
    ),
    ...where(history, 'roster', ({ c, channel, shown, members }) =>
      same(shown, members)
        ? undefined
        : ['10', `${c} shows ${shown.join(' ')} in ${channel}, there are ${members.join(' ')}`, [channel]],
    ),
  ];
}

/** 11: counters equal a recount. */
export function checkCounts(history: readonly Line[]): Violation[] {
  return where(history, 'count', ({ node, name, counted, recounted }) =>
    counted === recounted
      ? undefined
      : ['11', `${node} counts ${counted} ${name}, there are ${recounted}`, [node]],
  );
}

/** 14: queues stay under their caps. */
export function checkQueues(history: readonly Line[]): Violation[] {
  return where(history, 'queues', ({ who, what, size, cap }) =>
    size <= cap ? undefined : ['14', `the ${what} of ${who} holds ${size}, the cap is ${cap}`, [who]],
  );
}

/** 15: after all have left nothing is left over. */
export function checkLeftovers(history: readonly Line[]): Violation[] {
  return where(history, 'leftover', ({ who, what, count }) =>
    count === 0 ? undefined : ['15', `${who} has ${count} ${what} left`, [who]],
  );
}

/** 17: nothing throws where nobody catches, and nothing inside goes wrong. */
export function checkUncaught(history: readonly Line[]): Violation[] {
  return [
    ...where(history, 'uncaught', ({ what }) => ['17', what, []]),
    ...where(history, 'refused', ({ code, conn }) =>
      code === 'internal' ? ['17', 'an internal error was answered', [conn]] : undefined,
    ),
  ];
}

/** What the world of a fault said must come, came. */
export function checkExpected(history: readonly Line[]): Violation[] {
  return where(history, 'expected', ({ what, came }) =>
    came ? undefined : ['fault', `expected and did not come: ${what}`, ['"k":"fault"']],
  );
}

/** Coarser than this the drain's own clock does not tick. */
const drainTick = 60;

/** 18: everyone is told before a node goes, and it goes in time. */
export function checkDrain(history: readonly Line[]): Violation[] {
  const isFaulty = linesOf(history, 'world').some(({ faulty }) => faulty);
  const violations: Violation[] = [];
  for (const [at, line] of history.entries()) {
    if (line.k !== 'drain') continue;
    const rest = history.slice(at);
    const over = rest.find((each) => each.k === 'drained' && each.node === line.node);
    // It was killed in the middle of it.
    if (
      over === undefined ||
      rest.some((each) => each.k === 'drain' && each !== line && each.node === line.node)
    )
      continue;
    if (over.t - line.t > line.ms + drainTick)
      violations.push({
        invariant: '18',
        message: `draining ${line.node} took ${over.t - line.t} ms of ${line.ms}`,
        at,
        about: ['"k":"drain'],
      });
    for (const conn of line.conns) {
      const was = rest.find(
        (each) => (each.k === 'told' && each.conn === conn) || (each.k === 'gone' && each.conn === conn),
      );
      // A reader that takes nothing more is told by its close alone.
      if (was !== undefined && (was.k === 'told' || isFaulty)) continue;
      const message = `${conn.slice(0, 7)} was not told that ${line.node} goes`;
      violations.push({ invariant: '18', message, at, about: [conn] });
    }
  }
  return violations;
}

/** 19: a wall clock that jumps takes nothing out of a log and keeps nothing in it. */
export function checkClocks(history: readonly Line[]): Violation[] {
  const before = new Map<string, { readonly oldest: number; readonly top: string }>();
  return where(history, 'kept', ({ when, channel, oldest, top }) => {
    const now = { oldest, top: `${top.epoch}:${top.offset}` };
    const then = before.get(channel);
    before.set(channel, now);
    if (when === 'before' || then === undefined) return undefined;
    if (then.oldest === now.oldest && then.top === now.top) return undefined;
    return [
      '19',
      `${channel} kept ${then.oldest}–${then.top} before the jump, ${now.oldest}–${now.top} after it`,
      [channel],
    ];
  });
}

type Finding = readonly [invariant: string, message: string, about: readonly string[]];

function where<K extends Line['k']>(
  history: readonly Line[],
  kind: K,
  look: (line: Extract<Line, { readonly k: K }>) => Finding | undefined,
): Violation[] {
  const violations: Violation[] = [];
  for (const [at, line] of history.entries()) {
    if (line.k !== kind) continue;
    const found = look(line as Extract<Line, { readonly k: K }>);
    if (found === undefined) continue;
    const [invariant, message, about] = found;
    violations.push({ invariant, message, at, about });
  }
  return violations;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
