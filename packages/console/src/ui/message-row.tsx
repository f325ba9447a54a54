import { memo, type ReactNode } from 'react';
import { clockTime, fullTime } from '../lib/clock.ts';
import type { ChatMessage } from '../lib/messages.ts';
import type { Room } from '../lib/room.ts';
import { Button } from './controls.tsx';
import { usePlayground, useReadable } from './hooks.ts';
import { AlertIcon, CheckIcon, ClockIcon } from './icons.tsx';
import { Avatar } from './people-panel.tsx';

interface MessageRowProps {
  readonly message: ChatMessage;
  readonly room: Room;
  readonly name: string;
  readonly isOwn: boolean;
  /** Belongs under the name above it. */
  readonly isFollowing: boolean;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps): ReactNode {
  const { message, room, name, isOwn, isFollowing } = props;
  const { id, text, at, state, key } = message;
  return (
    <li
      data-testid="message"
      data-message-id={id ?? key}
      data-message-state={state}
      className={`flex flex-col ${isOwn ? 'items-end' : 'items-start'} ${isFollowing ? 'mt-1' : 'mt-4 first:mt-0'}`}
    >
      {!isFollowing && (
        <div className={`mb-1 flex items-baseline gap-2 text-xs text-muted ${isOwn ? '' : 'pl-9'}`}>
          <span className="font-medium text-ink">{isOwn ? 'You' : name}</span>
          <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
            {clockTime(at)}
          </time>
        </div>
      )}
      <div className={`flex max-w-[min(85%,36rem)] items-end gap-2 ${isOwn ? 'flex-row-reverse' : ''}`}>
        {!isOwn && (isFollowing ? <span className="w-7 shrink-0" /> : <Avatar name={name} isSelf={false} />)}
        <Bubble text={text} isOwn={isOwn} state={state} title={fullTime(at)} />
        {message.local && <StateMark state={state} />}
      </div>
      {state === 'failed' && id !== undefined && <Failure message={message} id={id} room={room} />}
    </li>
  );
});

interface BubbleProps {
  readonly text: string;
  readonly title: string;
  readonly isOwn: boolean;
  readonly state: ChatMessage['state'];
}

function Bubble({ text, title, isOwn, state }: BubbleProps): ReactNode {
  const side = isOwn ? 'rounded-br-md bg-accent-soft' : 'rounded-bl-md bg-hover';
  const look = { sent: '', pending: 'opacity-65', failed: 'outline outline-bad' }[state];
  return (
    <p
      title={title}
      className={`min-w-0 rounded-2xl px-3 py-1.5 wrap-anywhere whitespace-pre-wrap transition-opacity ${side} ${look}`}
    >
      {text}
    </p>
  );
}

/** Takes the same room in every state: an acknowledgement moves nothing. */
function StateMark({ state }: { readonly state: ChatMessage['state'] }): ReactNode {
  const { connection } = usePlayground();
  const isConnected = useReadable(connection.view).state === 'connected';
  const pending = isConnected ? 'Sending' : 'Queued until the connection is back';
  const label = { sent: 'Delivered to the server', pending, failed: 'Not sent' }[state];
  const icon = { sent: <CheckIcon />, pending: <ClockIcon />, failed: <AlertIcon /> }[state];
  return (
    <span
      title={label}
      className={`mb-2 shrink-0 ${state === 'failed' ? 'text-bad' : 'text-muted'} ${state === 'pending' ? 'animate-waiting' : ''}`}
    >
      {icon}
      <span className="sr-only">{label}</span>
    </span>
  );
}

interface FailureProps {
  readonly message: ChatMessage;
  readonly id: string;
  readonly room: Room;
}

const small = 'h-7! px-2! text-xs!';

function Failure({ message, id, room }: FailureProps): ReactNode {
  return (
    <div className="mt-1.5 flex flex-wrap items-center justify-end gap-1 text-xs text-bad">
      <span className="mr-1">Not sent. {message.problem}</span>
      <Button className={small} data-testid="retry" onClick={() => room.retry(message)}>
        Retry
      </Button>
      <Button look="quiet" className={small} onClick={() => room.discard(id)}>
        Discard
      </Button>
    </div>
  );
}
