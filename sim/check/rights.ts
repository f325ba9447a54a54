import type { Line, Violation } from '../history.ts';

/** What was asked for with a right may be answered after it was withdrawn, but not much later. */
const underWay = 10_000;

/**
 * 9: nobody receives what they may not read. A publication that was appended after the right was withdrawn must not be
 * sent live; pages and members, which are asked for, may be on their way for a moment.
 */
export function checkRights(history: readonly Line[]): Violation[] {
  const violations: Violation[] = [];
  const guarded = new Set<string>();
  const users = new Map<string, string>();
  const allowed = new Set<string>();
  const lostAt = new Map<string, number>();
  const appendedAt = new Map<string, number>();
  for (const [at, line] of history.entries()) {
    if (line.k === 'channel' && line.guarded) guarded.add(line.channel);
    else if (line.k === 'open') users.set(line.conn, line.user);
    else if (line.k === 'grant') allowed.add(`${line.user} ${line.channel}`);
    else if (line.k === 'revoke') {
      allowed.delete(`${line.user} ${line.channel}`);
      lostAt.set(`${line.user} ${line.channel}`, line.t);
    } else if (line.k === 'append') appendedAt.set(`${line.channel} ${line.v}`, line.t);
    if (line.k !== 'sent' && line.k !== 'page' && line.k !== 'members') continue;
    const user = users.get(line.conn);
    const key = `${user} ${line.channel}`;
    if (!guarded.has(line.channel) || user === undefined || allowed.has(key)) continue;
    const lost = lostAt.get(key);
    if (line.k === 'page' && line.items.length === 0) continue;
    const [what, isLate] =
      line.k === 'sent'
        ? [line.v, lost === undefined || (appendedAt.get(`${line.channel} ${line.v}`) ?? 0) > lost]
        : [line.k, lost === undefined || line.t > lost + underWay];
    if (!isLate) continue;
    const message = `${user} was sent ${what} of ${line.channel}${lost === undefined ? '' : `, withdrawn at ${lost}`}`;
    violations.push({ invariant: '9', message, at, about: [line.conn, `"user":"${user}"`] });
  }
  return violations;
}
