import { useEffect, useRef, useState, type ReactNode, type RefObject, type UIEvent } from 'react';
import type { ChatMessage, TimelineItem } from '../lib/messages.ts';
import { nameOf } from '../lib/members.ts';
import type { Room } from '../lib/room.ts';
import { Button, EmptyState } from './controls.tsx';
import { usePlayground, useReadable, useSelf } from './hooks.ts';
import { MessageRow } from './message-row.tsx';

/** Messages of one sender closer together than this stand under one name. */
const groupWithin = 5 * 60_000;

export function Timeline({ room }: { readonly room: Room }): ReactNode {
  const items = useReadable(room.timeline);
  const { history } = useReadable(room.view);
  const scroller = useRef<HTMLDivElement>(null);
  const lastWritten = items.findLast((item) => item.kind === 'message' && item.message.local)?.key;
  // Who writes wants to see it, however far up they were reading.
  useEffect(() => {
    if (lastWritten !== undefined) void scroller.current?.scrollTo({ top: 0 });
  }, [lastWritten]);
  const [isAway, setAway] = useState(false);
  // Reversed, zero is the end, and what lies above it is negative.
  const onScroll = ({ currentTarget }: UIEvent<HTMLDivElement>): void =>
    setAway(currentTarget.scrollTop < -120);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        role="log"
        aria-label="Messages"
        aria-live="polite"
        // A whole page of history is not read out.
        aria-busy={history === 'loading'}
        // Scrollable by keyboard too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onScroll={onScroll}
        className="rest-at-end min-h-0 flex-1 scroll-smooth px-4 focus-visible:-outline-offset-2"
      >
        <ol className="flex min-h-full flex-col justify-end py-4">
          <Beginning room={room} isEmpty={items.length === 0} />
          <Items items={items} room={room} />
        </ol>
      </div>
      {isAway && <JumpToEnd scroller={scroller} />}
    </div>
  );
}

function JumpToEnd({ scroller }: { readonly scroller: RefObject<HTMLDivElement | null> }): ReactNode {
  return (
    <Button
      className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-sm"
      onClick={() => scroller.current?.scrollTo({ top: 0 })}
    >
      Jump to the latest
    </Button>
  );
}

function Items({ items, room }: { readonly items: readonly TimelineItem[]; readonly room: Room }): ReactNode {
  const self = useSelf();
  const members = useReadable(room.members);
  const names = new Map(members.map((member) => [member.userId, nameOf(member)]));
  const isOwn = ({ local, from }: ChatMessage): boolean => local || (from !== undefined && from === self);
  return items.map((item, index) => {
    if (item.kind === 'divider') return <Divider key={item.key} reason={item.reason} />;
    const { message } = item;
    const before = items[index - 1];
    const own = isOwn(message);
    const follows =
      before?.kind === 'message' && isOwn(before.message) === own && isNear(before.message, message);
    const name = message.name ?? names.get(message.from ?? '') ?? message.from ?? 'Server';
    return (
      <MessageRow
        key={item.key}
        message={message}
        room={room}
        name={name}
        isOwn={own}
        isFollowing={follows}
      />
    );
  });
}

function isNear(before: ChatMessage, after: ChatMessage): boolean {
  const sameSender =
    before.name === after.name && (before.from === after.from || before.local || after.local);
  return sameSender && after.at - before.at < groupWithin;
}

const reasons: Readonly<Record<'reset' | 'gap', string>> = {
  reset: 'The server lost its history; showing what it has',
  gap: 'Some messages here are no longer kept',
};

function Divider({ reason }: { readonly reason: 'reset' | 'gap' }): ReactNode {
  return (
    <li
      data-testid="divider"
      data-reason={reason}
      className="mt-5 mb-1 flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line"
    >
      <span className="max-w-[75%] text-center text-balance">{reasons[reason]}</span>
    </li>
  );
}

/** What stands above the first message: the way to earlier ones, or why there are none. */
function Beginning({ room, isEmpty }: { readonly room: Room; readonly isEmpty: boolean }): ReactNode {
  const { history, problem, earlier } = useReadable(room.view);
  if (problem !== undefined) return <Problem problem={problem} onRetry={() => room.reload()} />;
  if (history === 'loading') return isEmpty ? <Loading /> : null;
  if (earlier !== 'none') {
    return (
      <li className="mb-4 flex justify-center">
        <Button look="quiet" disabled={earlier === 'loading'} onClick={() => void room.loadEarlier()}>
          {earlier === 'loading' ? 'Loading…' : 'Load earlier messages'}
        </Button>
      </li>
    );
  }
  if (!isEmpty) return null;
  return (
    <li className="m-auto">
      <EmptyState title={`Nothing in #${room.name} yet`}>
        Say something: everyone in this room sees it at once.
      </EmptyState>
    </li>
  );
}

function Problem({
  problem,
  onRetry,
}: {
  readonly problem: string;
  readonly onRetry: () => void;
}): ReactNode {
  return (
    <li
      role="alert"
      className="mx-auto mb-4 flex items-center gap-3 rounded-lg bg-bad-soft py-2 pr-2 pl-3 text-sm text-bad"
    >
      <span>{problem}</span>
      <Button onClick={onRetry}>Try again</Button>
    </li>
  );
}

/** Waits for the history, unless nobody is going to send it. */
function Loading(): ReactNode {
  const { connection } = usePlayground();
  const { state } = useReadable(connection.view);
  if (state !== 'failed' && state !== 'disconnected') return <Skeleton />;
  return (
    <li className="m-auto">
      <EmptyState title="Not connected">Messages appear once the connection is back.</EmptyState>
    </li>
  );
}

/** Stands where the newest messages will, and is gone before anybody has read it twice. */
function Skeleton(): ReactNode {
  return (
    <li className="animate-waiting space-y-3">
      <span className="sr-only">Loading messages</span>
      {['w-44', 'w-64', 'w-32'].map((width) => (
        <div key={width} className={`h-9 rounded-2xl bg-hover ${width}`} />
      ))}
    </li>
  );
}
