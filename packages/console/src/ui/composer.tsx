import { useState, type KeyboardEvent, type ReactNode } from 'react';
import { nameOf } from '../lib/members.ts';
import type { Room } from '../lib/room.ts';
import { typingSentence } from '../lib/typing.ts';
import { Button, fieldStyle } from './controls.tsx';
import { usePlayground, useReadable, useSelf } from './hooks.ts';
import { SendIcon } from './icons.tsx';

const inputId = 'composer';
/** The playground's schema allows no more. */
const maxLength = 2000;

export function focusComposer(): void {
  document.querySelector<HTMLElement>(`#${inputId}`)?.focus();
}

export function Composer({ room }: { readonly room: Room }): ReactNode {
  const [text, setText] = useState('');
  const isBlank = text.trim() === '';
  const send = (): void => {
    if (isBlank) return;
    room.send(text.trim());
    setText('');
  };
  const change = (value: string): void => {
    setText(value);
    if (value.trim() === '') room.typing.stop();
    else room.typing.start();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While an input method composes, Enter picks a candidate.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="shrink-0 px-4 pb-3"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Typists room={room} />
      <div className="flex items-end gap-2">
        <label htmlFor={inputId} className="sr-only">
          {`Message #${room.name}`}
        </label>
        <textarea
          id={inputId}
          data-testid="message-input"
          rows={1}
          maxLength={maxLength}
          placeholder={`Message #${room.name}`}
          value={text}
          onChange={(event) => change(event.target.value)}
          onBlur={() => room.typing.stop()}
          onKeyDown={onKeyDown}
          className={`${fieldStyle} field-sizing-content max-h-40 min-h-10 flex-1 resize-none rounded-xl px-3 py-2 text-[0.9375rem]! pointer-coarse:text-base!`}
        />
        <Button
          type="submit"
          look="primary"
          data-testid="send"
          aria-label="Send"
          title="Send"
          disabled={isBlank}
          className="size-10! rounded-xl px-0!"
        >
          <SendIcon />
        </Button>
      </div>
      <p className="mt-1.5 text-xs text-muted max-sm:hidden">Enter sends, Shift+Enter starts a new line.</p>
    </form>
  );
}

/** Keeps its line when nobody types, so that the conversation does not hop. */
function Typists({ room }: { readonly room: Room }): ReactNode {
  const { connection } = usePlayground();
  const isConnected = useReadable(connection.view).state === 'connected';
  const self = useSelf();
  const users = useReadable(room.typing.users);
  const members = useReadable(room.members);
  const names = new Map(members.map((member) => [member.userId, nameOf(member)]));
  // Whoever was typing when the connection broke: nobody knows any more.
  const others = isConnected
    ? users.filter((user) => user !== self).map((user) => names.get(user) ?? user)
    : [];
  return (
    <p
      data-testid="typing"
      aria-live="polite"
      className="flex h-6 items-center gap-2 truncate text-xs text-muted"
    >
      {others.length > 0 && (
        <span aria-hidden="true" className="size-1.5 animate-waiting rounded-full bg-accent" />
      )}
      {typingSentence(others)}
    </p>
  );
}
