import type { Member } from '@thrum/protocol';

export interface Person {
  readonly userId: string;
  readonly name: string;
  readonly tabs: number;
  readonly self: boolean;
}

/** Members as people with names: oneself first, the others by name. */
export function peopleOf(members: readonly Member[], self: string | undefined): readonly Person[] {
  return members
    .map((member) => ({
      userId: member.userId,
      name: nameOf(member),
      tabs: member.metas.length,
      self: member.userId === self,
    }))
    .toSorted((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name));
}

/** The name in the newest meta that has one: a rename in one tab counts before the other tab has heard of it. */
export function nameOf({ userId, metas }: Member): string {
  for (const meta of metas.toSorted((a, b) => b.joinedAt - a.joinedAt)) {
    const { name } = (meta.state ?? {}) as Record<string, unknown>;
    if (typeof name === 'string' && name !== '') return name;
  }
  return userId;
}

/** One or two letters to stand for a name. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase();
}
