import type { Member, PresenceMeta } from '@thrum/protocol';
import type { Cancel, Env } from '../ports/env.ts';

/** What changed about one user in one channel. */
export type PresenceChange = 'joined' | 'left' | 'changed';

interface Present {
  metas: Map<string, PresenceMeta>;
  /** Connections that dropped: their metas stay until the grace is over. */
  dropped: Set<string>;
  leaving: Cancel | undefined;
}

/**
 * Who is in which channel: users, with one meta for each of their connections (PROTOCOL.md §8). A user whose last
 * connection dropped stays for the grace, so that a reconnect makes no noise.
 */
export class Presence {
  private readonly channels = new Map<string, Map<string, Present>>();
  private readonly env: Pick<Env, 'timer'>;
  private readonly grace: number;
  private readonly changed: (channel: string, change: PresenceChange, member: Member) => void;

  constructor(
    env: Pick<Env, 'timer'>,
    graceMs: number,
    changed: (channel: string, change: PresenceChange, member: Member) => void,
  ) {
    this.env = env;
    this.grace = graceMs;
    this.changed = changed;
  }

  members(channel: string): readonly Member[] {
    return [...(this.channels.get(channel) ?? [])].map(([userId, present]) => memberOf(userId, present));
  }

  /** Enters a connection, or replaces what it has said of itself. */
  enter(channel: string, userId: string, meta: PresenceMeta): void {
    let users = this.channels.get(channel);
    if (users === undefined) this.channels.set(channel, (users = new Map<string, Present>()));
    let present = users.get(userId);
    const isNew = present === undefined;
    if (present === undefined) {
      present = { metas: new Map(), dropped: new Set(), leaving: undefined };
      users.set(userId, present);
    }
    forgetDropped(present);
    present.metas.set(meta.connectionId, meta);
    this.changed(channel, isNew ? 'joined' : 'changed', memberOf(userId, present));
  }

  /** The meta of one connection, if it is present. */
  meta(channel: string, userId: string, connectionId: string): PresenceMeta | undefined {
    return this.channels.get(channel)?.get(userId)?.metas.get(connectionId);
  }

  leave(channel: string, userId: string, connectionId: string, how: 'left' | 'dropped'): void {
    const present = this.channels.get(channel)?.get(userId);
    if (present === undefined || !present.metas.has(connectionId)) return;
    const isLast = [...present.metas.keys()].every((id) => id === connectionId || present.dropped.has(id));
    if (how === 'dropped' && isLast) {
      present.dropped.add(connectionId);
      present.leaving?.();
      present.leaving = this.env.timer(this.grace, () => this.gone(channel, userId, present));
    } else if (isLast) {
      this.gone(channel, userId, present);
    } else {
      present.metas.delete(connectionId);
      this.changed(channel, 'changed', memberOf(userId, present));
    }
  }

  /** Ends every grace; for the end of the node. */
  close(): void {
    for (const users of this.channels.values()) for (const present of users.values()) present.leaving?.();
    this.channels.clear();
  }

  private gone(channel: string, userId: string, present: Present): void {
    present.leaving?.();
    const users = this.channels.get(channel);
    if (users?.get(userId) !== present) return;
    users.delete(userId);
    if (users.size === 0) this.channels.delete(channel);
    this.changed(channel, 'left', memberOf(userId, present));
  }
}

/** A user who is back takes over from the connections that dropped. */
function forgetDropped(present: Present): void {
  present.leaving?.();
  present.leaving = undefined;
  for (const connectionId of present.dropped) present.metas.delete(connectionId);
  present.dropped.clear();
}

function memberOf(userId: string, present: Present): Member {
  return { userId, metas: [...present.metas.values()] };
}
