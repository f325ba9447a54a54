import type { Member } from '@thrum/protocol';
import { readList, readMember } from './wire.ts';
import type { Frame } from './wire.ts';

/** The members after `presence`, `joined` or `left` (PROTOCOL.md §8). */
export const withChanges = (members: readonly Member[], frame: Frame): readonly Member[] => {
  const { type, full } = frame;
  const byUser = new Map((full ? [] : members).map((member) => [member.userId, member]));
  for (const member of readList(frame['members'] ?? frame['member'], readMember)) {
    const { userId, metas } = member;
    if (type === 'left' || metas.length === 0) byUser.delete(userId);
    else byUser.set(userId, member);
  }
  return [...byUser.values()];
};
