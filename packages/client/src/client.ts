import type { Contract, ContractOf } from '@thrum/protocol';
import { createChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { createConnection } from './connection.ts';
import { listen } from './errors.ts';
import type { ThrumError } from './errors.ts';
import { createOutbox } from './outbox.ts';
import { createRequests, encode } from './requests.ts';
import type { CallOptions, ConnectionEvents } from './parts.ts';
import { settingsOf } from './settings.ts';
import type { ClientOptions } from './settings.ts';
import type { ConnectionView, StateListener } from './state.ts';
import { createSubscriptions } from './subscriptions.ts';
import type { ChannelOptions } from './subscription.ts';
import type { ChannelEvents, ChannelName, MethodName, MethodParams, MethodResult } from './types.ts';

/** Plain counts, for a status line. */
export interface ClientStats {
  /** Frames of the server that made no sense and were ignored. */
  readonly malformed: number;
  /** Publishes and requests that have no answer yet. */
  readonly queued: number;
}

/** One connection to a Thrum server, with all its channels. */
export interface Client<C extends Contract = Contract> extends ConnectionView {
  /**
   * Called with each new state, and with each new wait between attempts (`retryIn`). Returns what removes the listener.
   */
  onStateChange(listener: StateListener): () => void;
  /** Connects now; skips a wait, and starts over from `disconnected` and `failed`. Listening or sending does it too. */
  connect(): void;
  /** Closes with 1000 and rejects what waits with `disconnected`. Nothing connects by itself until `connect()`. */
  disconnect(): void;
  /** A handle: cheap, and nothing is sent until somebody listens. */
  channel<const Name extends ChannelName<C>>(
    name: Name,
    options?: ChannelOptions,
  ): Channel<ChannelEvents<C, Name>>;
  /**
   * Runs a method of the application (PROTOCOL.md §2 call). Rejects with {@link ThrumError}; after `disconnected`,
   * `timeout` and `aborted` it may have run. With an `id`, a key that the caller made for this one operation, it is sent
   * again after a reconnect, and a method whose handler is `idempotent` runs once all the same.
   */
  call<const Method extends MethodName<C>>(
    method: Method,
    params?: MethodParams<C, Method>,
    options?: CallOptions,
  ): Promise<MethodResult<C, Method>>;
  /** A feature's own frame, now or not at all; returns whether it went. Throws `invalid_data` for what is no JSON. */
  send(frame: { readonly type: string; readonly [field: string]: unknown }): boolean;
  stats(): ClientStats;
  /** Disconnects and forgets every listener. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Makes a client; nothing connects until it is used, and nothing global is touched, so a server may render with it.
 *
 * @param url `wss://example.com/ws`, `https://example.com/ws`, or `/ws` against the page.
 */
export const createClient = <App = Contract>(
  url: string,
  options: ClientOptions = {},
): Client<ContractOf<App>> => {
  const settings = settingsOf(url, options);
  // After an explicit end only connect() begins again (PROTOCOL.md §12).
  let rested: ThrumError | undefined;
  let malformed = 0;

  const ready = (): boolean => connection.view.state === 'connected';
  const wanted = (): ThrumError | undefined => {
    if (!rested && connection.view.state === 'disconnected') connect();
    return rested;
  };
  const outbox = createOutbox(settings, ready, (data) => connection.send(data));
  const requests = createRequests(settings, outbox, wanted, ready);
  const subscriptions = createSubscriptions(settings, outbox, requests, wanted);

  const events: ConnectionEvents = {
    welcome: outbox.open,
    ready: outbox.pump,
    frame: (frame) => {
      // Publications carry ids too, and a timestamp, which no answer has (PROTOCOL.md §3 and §4).
      if (frame?.['id'] !== undefined && frame['timestamp'] === undefined) outbox.answer(frame);
      else if (!frame || !subscriptions.receive(frame)) malformed += 1;
    },
    busy: outbox.busy,
    down: (error) => {
      rested = error;
      outbox.down(error);
      subscriptions.down(error);
    },
  };
  settings.persist?.start({ settings, outbox, requests, events, subscriptions });
  const connection = createConnection(settings, events);

  const connect = (): void => connection.dispatch('connect');
  const disconnect = (): void => connection.dispatch('disconnect');
  const dispose = (): void => {
    disconnect();
    subscriptions.clear();
    connection.listeners.clear();
  };

  const client: Client = Object.assign(connection.view, {
    onStateChange: (listener) => listen(connection.listeners, listener),
    connect,
    disconnect,
    channel: (name, channelOptions = {}) => createChannel(name, channelOptions, subscriptions, requests),
    // Without an id never twice: it may have done its work already.
    call: (method, params, wait) =>
      requests.request(wait?.id ? 'again' : 'once', { type: 'call', method, params }, wait, (data) => data),
    send: (frame) => {
      const data = encode(frame);
      if (ready()) outbox.add({ lives: 'now', encode: () => data });
      return ready();
    },
    stats: () => ({ malformed, queued: [...outbox.items.values()].filter(({ asked }) => asked).length }),
    dispose,
    [Symbol.dispose]: dispose,
  } satisfies Omit<Client, keyof ConnectionView>);
  // The contract exists in types only; at run time every client is the same.
  return client as unknown as Client<ContractOf<App>>;
};
