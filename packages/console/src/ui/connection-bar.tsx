import type { ReactNode } from 'react';
import { secondsUntil, type ConnectionState, type ConnectionView } from '../lib/connection.ts';
import { type TransportChoice, transportChoices, transportLabel } from '../lib/transport-choice.ts';
import { Button, fieldStyle } from './controls.tsx';
import { useNow, usePlayground, useReadable } from './hooks.ts';
import { PlugIcon } from './icons.tsx';

const looks: Readonly<
  Record<ConnectionState, { readonly bar: string; readonly dot: string; readonly title: string }>
> = {
  connecting: { bar: 'bg-sunken', dot: 'bg-muted animate-waiting', title: 'Connecting' },
  connected: { bar: 'bg-sunken', dot: 'bg-accent', title: 'Connected' },
  reconnecting: { bar: 'bg-warn-soft', dot: 'bg-warn animate-waiting', title: 'Reconnecting' },
  disconnected: { bar: 'bg-sunken', dot: 'bg-muted', title: 'Disconnected' },
  failed: { bar: 'bg-bad-soft', dot: 'bg-bad', title: 'Connection failed' },
};

/** Always there and always as high, so that nothing below it jumps when the connection does. */
export function ConnectionBar(): ReactNode {
  const { connection } = usePlayground();
  const view = useReadable(connection.view);
  const { bar, dot, title } = looks[view.state];
  return (
    <section
      aria-label="Connection"
      data-testid="connection-state"
      data-state={view.state}
      data-transport={view.transport}
      className={`flex shrink-0 flex-wrap items-center gap-x-3 border-b border-line px-4 py-1 transition-colors ${bar}`}
    >
      <div className="flex h-10 min-w-0 flex-1 items-center gap-2.5 text-sm max-sm:basis-full">
        <span className={`size-2.5 shrink-0 rounded-full ${dot}`} />
        {/* Announced by itself: the countdown beside it would be read out every second. */}
        <output className="shrink-0 font-semibold">{title}</output>
        <Detail view={view} />
        <Remedy view={view} />
        <TransportField view={view} />
      </div>
      <Tools />
    </section>
  );
}

function Detail({ view }: { readonly view: ConnectionView }): ReactNode {
  const { retryAt, reason, state, userId } = view;
  const { name } = useReadable(usePlayground().identity.current);
  const now = useNow(retryAt !== undefined);
  const next = retryAt === undefined ? undefined : secondsUntil(retryAt, now);
  const parts = [
    state === 'reconnecting' && (next === undefined || next === 0) ? 'trying now' : undefined,
    next !== undefined && next > 0 ? `in ${next} s` : undefined,
    state === 'connected' ? `as ${userId === undefined ? 'a guest' : name}` : reason,
  ];
  const text = parts.filter((part) => part !== undefined).join(' · ');
  return (
    <span
      className="min-w-0 truncate text-muted tabular-nums"
      title={userId === undefined ? text : `User ${userId}`}
    >
      {text}
    </span>
  );
}

const remedies: Readonly<Partial<Record<ConnectionState, string>>> = {
  reconnecting: 'Retry now',
  disconnected: 'Connect',
  failed: 'Try again',
};

function Remedy({ view }: { readonly view: ConnectionView }): ReactNode {
  const { connection } = usePlayground();
  const label = remedies[view.state];
  if (label === undefined) return null;
  return <Button onClick={() => connection.retry()}>{label}</Button>;
}

/** The way to travel; while it is left to the SDK, the one in use stands beside it. */
function TransportField({ view }: { readonly view: ConnectionView }): ReactNode {
  const { transport, chooseTransport } = usePlayground();
  const choice = useReadable(transport);
  const auto = view.transport === undefined ? 'Auto' : `Auto: ${transportLabel(view.transport)}`;
  return (
    <select
      aria-label="Transport"
      data-testid="transport"
      title="How frames travel: by the best way that gets through, or by this one alone"
      className={`ml-auto h-8 shrink-0 cursor-pointer pointer-coarse:h-10 pointer-coarse:text-base ${fieldStyle}`}
      value={choice}
      onChange={({ target }) => chooseTransport(target.value as TransportChoice)}
    >
      {transportChoices.map((each) => (
        <option key={each} value={each}>
          {each === 'auto' ? auto : transportLabel(each)}
        </option>
      ))}
    </select>
  );
}

function Tools(): ReactNode {
  const { connection, network, outbox } = usePlayground();
  const { state } = useReadable(connection.view);
  const isOnline = useReadable(network.online);
  const queued = useReadable(outbox.waiting);
  const toggleNetwork = (): void => {
    network.setOnline(!isOnline);
    // As a browser does that finds its network again: no use in waiting out the backoff.
    if (!isOnline && state === 'reconnecting') connection.retry();
  };
  return (
    <div className="flex h-10 items-center gap-2 max-sm:basis-full max-[22.5rem]:gap-1">
      <span
        data-testid="queue-count"
        data-count={queued}
        title="Messages that the server has not acknowledged yet"
        className={`mr-auto px-1 text-sm whitespace-nowrap tabular-nums max-[22.5rem]:px-0 sm:mr-1 ${queued > 0 ? 'text-ink' : 'text-muted'}`}
      >
        {queued} queued
      </span>
      <Button
        data-testid="go-offline"
        aria-pressed={!isOnline}
        className={isOnline ? '' : 'border-warn! bg-warn-soft! text-warn'}
        onClick={toggleNetwork}
      >
        {isOnline ? 'Go offline' : 'Go online'}
      </Button>
      <Button
        look="danger"
        data-testid="kill-connection"
        disabled={state !== 'connected'}
        onClick={() => network.kill()}
      >
        <span className="max-[22.5rem]:hidden">
          <PlugIcon />
        </span>
        Kill connection
      </Button>
    </div>
  );
}
