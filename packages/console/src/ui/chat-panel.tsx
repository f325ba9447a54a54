import { useState, type ReactNode } from 'react';
import { roomProblem } from '../lib/room-name.ts';
import type { Room } from '../lib/room.ts';
import { Button, fieldStyle } from './controls.tsx';
import { Composer } from './composer.tsx';
import { usePlayground } from './hooks.ts';
import { Timeline } from './timeline.tsx';

export function ChatPanel({ room }: { readonly room: Room }): ReactNode {
  return (
    <>
      <header className="flex min-h-12 shrink-0 items-center border-b border-line px-4">
        <h2 className="sr-only">Chat</h2>
        <RoomField current={room.name} />
      </header>
      <Timeline room={room} />
      <Composer room={room} />
    </>
  );
}

function RoomField({ current }: { readonly current: string }): ReactNode {
  const { enterRoom } = usePlayground();
  const [draft, setDraft] = useState(current);
  const problem = roomProblem(draft);
  const isChanged = draft.trim() !== current;
  return (
    <form
      className="flex min-w-0 flex-1 items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === undefined) enterRoom(draft);
      }}
    >
      <label htmlFor="room" className="text-sm text-muted">
        Room
      </label>
      <div className="relative min-w-0 flex-1 sm:max-w-56">
        <span
          aria-hidden="true"
          className="pointer-events-none absolute inset-y-0 left-2.5 flex items-center text-sm text-muted"
        >
          #
        </span>
        <input
          id="room"
          data-testid="room-input"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={80}
          value={draft}
          aria-invalid={problem !== undefined}
          aria-describedby="room-problem"
          onChange={(event) => setDraft(event.target.value)}
          className={`${fieldStyle} h-8 w-full pl-6! font-medium pointer-coarse:h-10 pointer-coarse:text-base`}
        />
      </div>
      <Button type="submit" className={isChanged ? '' : 'invisible'} disabled={problem !== undefined}>
        Switch
      </Button>
      <output id="room-problem" className="min-w-0 truncate text-sm text-bad max-sm:sr-only">
        {problem === undefined ? '' : `A room ${problem}.`}
      </output>
    </form>
  );
}
