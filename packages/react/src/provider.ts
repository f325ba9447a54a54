'use client';
import { createContext, createElement, useContext, useSyncExternalStore } from 'react';
import type { Context, ReactElement, ReactNode } from 'react';
import type { State } from '@thrum/client';
import type { RegisteredClient } from './register.ts';

export interface ThrumProviderProps {
  /** Made once, outside of rendering; who made it disposes of it. */
  readonly client: RegisteredClient;
  readonly children?: ReactNode;
}

const ClientContext: Context<RegisteredClient | undefined> = /* @__PURE__ */ createContext<
  RegisteredClient | undefined
>(undefined);

/** Gives a client to the hooks below it. Connects nothing by itself: the first listener does, or `client.connect()`. */
export const ThrumProvider = ({ client, children }: ThrumProviderProps): ReactElement =>
  createElement(ClientContext.Provider, { value: client }, children);

/** The client of the nearest {@link ThrumProvider}. Throws where there is none. */
export const useClient = (): RegisteredClient => {
  const client = useContext(ClientContext);
  if (!client) throw new Error('expected a <ThrumProvider> above, got none');
  return client;
};

const whileRendering = (): State => 'disconnected';

/** The connection's state, `disconnected` on the server. With each new one the component renders again. */
export const useConnection = (): State => {
  const client = useClient();
  return useSyncExternalStore(client.onStateChange, () => client.state, whileRendering);
};
