import type { Member } from '@thrum/protocol';
import { readMembers } from './wire.ts';
import type { Raw } from './wire.ts';

/** Who is in a channel. The array is the same one until something changes. */
export interface Roster {
  members(): readonly Member[];
  /** Applies `presence`, `joined` or `left` (PROTOCOL.md §8); returns whether anything changed. */
  apply(frame: Raw): boolean;
  clear(): boolean;
}

const nobody: readonly Member[] = [];

export function createRoster(): Roster {
  const byUser = new Map<string, Member>();
  let snapshot = nobody;

  const publish = (): boolean => {
    snapshot = byUser.size === 0 ? nobody : [...byUser.values()];
    return true;
  };
  return {
    members: () => snapshot,
    apply: (frame) => {
      const list = readMembers(frame['type'] === 'presence' ? frame['members'] : [frame['member']]);
      const full = frame['type'] === 'presence' && frame['full'] === true;
      if (full) byUser.clear();
      else if (list.length === 0) return false;
      for (const member of list) {
        if (frame['type'] === 'left' || member.metas.length === 0) byUser.delete(member.userId);
        else byUser.set(member.userId, member);
      }
      return publish();
    },
    clear: () => {
      if (byUser.size === 0) return false;
      byUser.clear();
      return publish();
    },
  };
}
