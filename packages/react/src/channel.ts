'use client';
import { useEffect, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type {
  Channel,
  ChannelEvents,
  ChannelName,
  ChannelOptions,
  EventName,
  Member,
  PublicationOf,
  StatusType,
} from '@thrum/client';
import { useClient } from './provider.ts';
import type { RegisteredContract } from './register.ts';

type Name = ChannelName<RegisteredContract>;
type Handle<N extends string> = Channel<ChannelEvents<RegisteredContract, N>>;

/**
 * A handle on a channel, the same one as long as name and options say the same, whatever objects they are. It listens to
 * nothing by itself: give it to the other hooks, or publish with it. Without a name, as long as it is not known, `undefined`,
 * which the other hooks take too.
 */
export function useChannel<const N extends Name>(name: N, options?: ChannelOptions): Handle<N>;
export function useChannel<const N extends Name>(
  name: N | undefined,
  options?: ChannelOptions,
): Handle<N> | undefined;
export function useChannel(name: Name | undefined, options?: ChannelOptions): unknown {
  const client = useClient();
  return useMemo(
    () => (name === undefined ? undefined : client.channel(name, options)),
    [client, name, JSON.stringify(options)],
  );
}

/**
 * Listens for one event while the component is there. The listener may be another function in each render: the latest is
 * called, and nothing is subscribed anew. With `ack: true` its promise is waited for, as `channel.on` does.
 */
export const useEvent = <Events, Event extends EventName<Events>>(
  channel: Channel<Events> | undefined,
  event: Event,
  listener: (publication: PublicationOf<Events, Event>) => unknown,
): void => {
  const latest = useRef(listener);
  // Before any effect of this render can publish, and no warning on the server, as useLayoutEffect gives one.
  useInsertionEffect(() => {
    latest.current = listener;
  });
  useEffect(() => channel?.on(event, (publication) => latest.current(publication)), [channel, event]);
};

const nobody: readonly Member[] = [];
const listenToNothing = (): (() => void) => () => {};

/** Who is in the channel; asks for it as long as the component is there. Empty on the server, and until the answer. */
export const usePresence = <Events>(channel: Channel<Events> | undefined): readonly Member[] =>
  useSyncExternalStore(
    channel ? channel.presence.onChange : listenToNothing,
    () => channel?.presence.members ?? nobody,
    () => nobody,
  );

/** How the subscription stands, without causing one; `unsubscribed` on the server. */
export const useStatus = <Events>(channel: Channel<Events> | undefined): StatusType =>
  useSyncExternalStore(
    channel ? channel.onStatus : listenToNothing,
    () => channel?.status ?? 'unsubscribed',
    () => 'unsubscribed',
  );
