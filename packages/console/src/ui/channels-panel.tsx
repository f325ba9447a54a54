import { useState, type ReactNode } from 'react';
import { preciseTime } from '../lib/clock.ts';
import type { ScratchLine, ScratchSubscription } from '../lib/scratch.ts';
import { Button, EmptyState, fieldStyle, IconButton, TextField } from './controls.tsx';
import { usePlayground, useReadable } from './hooks.ts';
import { CloseIcon, TrashIcon } from './icons.tsx';

/** Any channel by hand: what a chat does not show. */
export function ChannelsPanel(): ReactNode {
  const [channel, setChannel] = useState('notifications');
  return (
    <>
      <h2 className="sr-only">Console</h2>
      <div className="min-h-0 shrink space-y-3 overflow-y-auto border-b border-line p-4">
        <ChannelField channel={channel} onChange={setChannel} />
        <Subscriptions />
        <PublishForm channel={channel} />
      </div>
      <Log />
    </>
  );
}

interface ChannelFieldProps {
  readonly channel: string;
  readonly onChange: (channel: string) => void;
}

function ChannelField({ channel, onChange }: ChannelFieldProps): ReactNode {
  const { scratch } = usePlayground();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        scratch.subscribe(channel.trim());
      }}
    >
      <label htmlFor="any-channel" className="mb-1 block text-sm font-medium">
        Channel
      </label>
      <div className="flex gap-2">
        <TextField
          id="any-channel"
          data-testid="channel-input"
          className="flex-1 font-mono"
          autoCapitalize="none"
          value={channel}
          onChange={(event) => onChange(event.target.value)}
        />
        <Button type="submit" data-testid="subscribe" disabled={channel.trim() === ''}>
          Subscribe
        </Button>
      </div>
    </form>
  );
}

function Subscriptions(): ReactNode {
  const { scratch } = usePlayground();
  const subscriptions = useReadable(scratch.subscriptions);
  if (subscriptions.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-1.5" aria-label="Subscriptions">
      {subscriptions.map((subscription) => (
        <Subscription key={subscription.channel} {...subscription} />
      ))}
    </ul>
  );
}

function Subscription({ channel, status }: ScratchSubscription): ReactNode {
  const { scratch } = usePlayground();
  const dot = { error: 'bg-bad', unsubscribed: 'bg-muted', subscribing: 'bg-muted animate-waiting' }[
    status as string
  ];
  return (
    <li className="flex max-w-full items-center gap-2 rounded-lg border border-line bg-sunken pl-2.5 text-sm">
      <span title={status} className={`size-2 shrink-0 rounded-full ${dot ?? 'bg-accent'}`} />
      <span className="truncate font-mono text-xs">{channel}</span>
      <IconButton label={`Leave ${channel}`} onClick={() => scratch.unsubscribe(channel)}>
        <CloseIcon />
      </IconButton>
    </li>
  );
}

function PublishForm({ channel }: { readonly channel: string }): ReactNode {
  const { scratch } = usePlayground();
  const [event, setEvent] = useState('message');
  const [text, setText] = useState('{"text": "hello"}');
  const data = readJson(text);
  const isReady = data !== undefined && channel.trim() !== '' && event.trim() !== '';
  return (
    <form
      className="space-y-3"
      onSubmit={(submit) => {
        submit.preventDefault();
        if (isReady) void scratch.publish(channel.trim(), event.trim(), data.value);
      }}
    >
      <div>
        <label htmlFor="any-event" className="mb-1 block text-sm font-medium">
          Event
        </label>
        <TextField
          id="any-event"
          data-testid="event-input"
          className="w-full font-mono"
          autoCapitalize="none"
          value={event}
          onChange={({ target }) => setEvent(target.value)}
        />
      </div>
      <div>
        <label htmlFor="any-data" className="mb-1 block text-sm font-medium">
          Data
        </label>
        <textarea
          id="any-data"
          data-testid="data-input"
          rows={3}
          spellCheck={false}
          autoCapitalize="none"
          value={text}
          aria-invalid={data === undefined}
          aria-describedby="any-data-problem"
          onChange={({ target }) => setText(target.value)}
          className={`${fieldStyle} block w-full resize-y py-1.5 font-mono text-xs! leading-5 pointer-coarse:text-base!`}
        />
      </div>
      <div className="flex items-center gap-3">
        <output id="any-data-problem" className="mr-auto text-xs text-bad">
          {data === undefined && 'This is not JSON.'}
        </output>
        <Button type="submit" look="primary" data-testid="publish" disabled={!isReady}>
          Publish
        </Button>
      </div>
    </form>
  );
}

function readJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function Log(): ReactNode {
  const { scratch } = usePlayground();
  const lines = useReadable(scratch.lines);
  return (
    <section aria-label="Results" className="flex min-h-40 flex-1 flex-col">
      <header className="flex h-10 shrink-0 items-center border-b border-line pr-2 pl-4">
        <h3 className="mr-auto text-sm font-semibold">Results</h3>
        <IconButton label="Clear results" disabled={lines.length === 0} onClick={() => scratch.clear()}>
          <TrashIcon />
        </IconButton>
      </header>
      {lines.length === 0 && (
        <EmptyState title="Nothing yet">
          Acknowledgements, errors and what arrives are listed here.
        </EmptyState>
      )}
      <div className="rest-at-end min-h-0 flex-1" role="log" aria-label="Results">
        <ol className="mb-auto divide-y divide-line">
          {lines.map((line) => (
            <LogLine key={line.seq} line={line} />
          ))}
        </ol>
      </div>
    </section>
  );
}

const kinds: Readonly<Record<ScratchLine['kind'], string>> = {
  received: 'text-ink',
  sent: 'text-accent',
  status: 'text-muted',
  error: 'text-bad',
};

function LogLine({ line }: { readonly line: ScratchLine }): ReactNode {
  return (
    <li data-testid="result" data-kind={line.kind} className="px-4 py-1.5 text-xs leading-5">
      <div className="flex gap-2">
        <span className={`font-medium ${kinds[line.kind]}`}>{line.title}</span>
        <span className="min-w-0 truncate font-mono text-muted">{line.channel}</span>
        <span className="ml-auto shrink-0 text-muted tabular-nums">{preciseTime(line.at)}</span>
      </div>
      <p className="font-mono wrap-anywhere text-muted">{line.detail}</p>
    </li>
  );
}
