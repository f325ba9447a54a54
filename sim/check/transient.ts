import type { Line, Violation } from '../history.ts';

/**
 * 4 for what has no place (PROTOCOL.md §4): at most once on one connection, and the SDK adds none. Who changes to a node
 * whose notifications are late may be sent it on both connections.
 */
export function checkTransient(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const owners = new Map<string, string>();
  // What a log remembers of repeats is lost with it, so each life of it may have a publication once.
  const lives = new Map<string, Set<number>>();
  let life = 0;
  const counts = new Map<string, number>();
  const count = (key: string): number => {
    const next = (counts.get(key) ?? 0) + 1;
    counts.set(key, next);
    return next;
  };
  for (const [at, line] of history.entries()) {
    if (line.k === 'log') life += 1;
    else if (line.k === 'open') owners.set(line.conn, line.c);
    if ((line.k !== 'append' && line.k !== 'sent' && line.k !== 'recv') || line.at !== undefined) continue;
    const { channel, v } = line;
    const what = `${channel} ${v}`;
    if (line.k === 'append') lives.set(what, (lives.get(what) ?? new Set()).add(life));
    else if (line.k === 'sent') {
      const { conn } = line;
      count(`to ${owners.get(conn)} ${what}`);
      if (count(`on ${conn} ${what}`) <= (lives.get(what)?.size ?? 1)) continue;
      const message = `to ${conn.slice(0, 7)} on ${channel}: ${v} was sent twice`;
      violations.push({ invariant: '4', message, at, about: [conn, `"${v}"`] });
    } else if (count(`at ${line.s} ${what}`) > (counts.get(`to ${line.c} ${what}`) ?? 0)) {
      const message = `${line.c} on ${channel}: ${v} came more often than it was sent`;
      violations.push({ invariant: '4', message, at, about: [`"s":${line.s},`, `"${v}"`] });
    }
  }
  return violations;
}
