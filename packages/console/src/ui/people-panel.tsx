import type { ReactNode } from 'react';
import { initials, peopleOf, type Person } from '../lib/members.ts';
import type { Room } from '../lib/room.ts';
import { EmptyState, PanelHeader } from './controls.tsx';
import { useReadable, useSelf } from './hooks.ts';

export function PeoplePanel({ room }: { readonly room: Room }): ReactNode {
  const people = peopleOf(useReadable(room.members), useSelf());
  return (
    <>
      <PanelHeader title="People">
        <span className="text-sm text-muted tabular-nums">{people.length}</span>
      </PanelHeader>
      {people.length === 0 && (
        <EmptyState title="Nobody here yet">Members appear when the room answers.</EmptyState>
      )}
      <ul data-testid="members" className="min-h-0 flex-1 overflow-y-auto p-2">
        {people.map((person) => (
          <PersonRow key={person.userId} person={person} />
        ))}
      </ul>
      <p className="border-t border-line px-4 py-3 text-xs text-balance text-muted">
        Open this page in{' '}
        <a
          href={location.href}
          target="_blank"
          rel="noopener"
          className="font-medium text-accent underline underline-offset-2"
        >
          a second window
        </a>{' '}
        to have somebody to talk to.
      </p>
    </>
  );
}

function PersonRow({ person }: { readonly person: Person }): ReactNode {
  return (
    <li
      data-testid="member"
      data-user-id={person.userId}
      className="flex items-center gap-2.5 rounded-lg px-2 py-1.5"
    >
      <Avatar name={person.name} isSelf={person.self} />
      <span className="min-w-0 flex-1 truncate text-sm" title={person.userId}>
        {person.name}
        {person.self && <span className="text-muted"> (you)</span>}
      </span>
      {person.tabs > 1 && <span className="shrink-0 text-xs text-muted">{person.tabs} tabs</span>}
    </li>
  );
}

export function Avatar({ name, isSelf }: { readonly name: string; readonly isSelf: boolean }): ReactNode {
  const look = isSelf ? 'bg-accent-soft text-accent' : 'bg-hover text-muted';
  return (
    <span
      aria-hidden="true"
      className={`flex size-7 shrink-0 items-center justify-center rounded-full text-[0.6875rem] font-semibold ${look}`}
    >
      {initials(name)}
    </span>
  );
}
