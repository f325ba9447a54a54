import type { Contract, ContractOf } from '@thrum/protocol';
import { createChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { createConnection } from './connection.ts';
import type { ConnectionView, StateListener } from './connection.ts';
import { ThrumError } from './errors.ts';
import { createPacer } from './pacer.ts';
import { createOutgoing, encode } from './outgoing.ts';
import type { WaitOptions } from './outgoing.ts';
import { settingsOf } from './settings.ts';
import type { ClientOptions } from './settings.ts';
import { createSubscriptions } from './subscriptions.ts';
import type { ChannelOptions } from './subscription.ts';
import type { ChannelEvents, ChannelName, MethodName, MethodParams, MethodResult } from './types.ts';
import { asRaw } from './wire.ts';
import type { Raw } from './wire.ts';

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
   * `timeout` and `aborted` it may have run.
   */
  call<const Method extends MethodName<C>>(
    method: Method,
    params?: MethodParams<C, Method>,
    options?: WaitOptions,
  ): Promise<MethodResult<C, Method>>;
  /** A feature's own frame, now or not at all; returns whether it went. Throws `invalid_data` for what is no JSON. */
  send(frame: { readonly type: string } & Raw): boolean;
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
export function createClient<App = Contract>(
  url: string,
  options: ClientOptions = {},
): Client<ContractOf<App>> {
  const settings = settingsOf(url, options);
  let welcomed = false;
  let ready = false;
  // After an explicit end only connect() begins again (PROTOCOL.md §12).
  let rested: ThrumError | undefined;
  let malformed = 0;

  const pacer = createPacer(
    settings.env,
    () => (welcomed ? subscriptions.next() : undefined) ?? (ready ? outgoing.next() : undefined),
    (data) => connection.send(data),
  );
  const { pump } = pacer;

  const wanted = (): ThrumError | undefined => {
    if (rested === undefined && connection.view.state === 'disconnected') connection.connect();
    return rested;
  };
  const outgoing = createOutgoing(settings, wanted, () => ready, pump);
  const subscriptions = createSubscriptions(settings, outgoing.nextId, wanted, () => welcomed, pump);

  const connection = createConnection(settings, {
    welcome: ({ limits }) => {
      const { message, rate } = asRaw(limits);
      welcomed = true;
      pacer.reset(atLeastOne(rate, 50));
      outgoing.limit(atLeastOne(message, 65_536));
      subscriptions.welcome();
    },
    ready: (sameUser) => {
      ready = true;
      // One user's words never go out in another's name.
      if (!sameUser) outgoing.rest(new ThrumError('disconnected', 'Another user is connected now'), true);
      pump();
    },
    frame: (frame) => {
      if (!route(frame)) malformed += 1;
    },
    down: () => {
      welcomed = ready = false;
      pacer.reset(0);
      subscriptions.down();
      outgoing.down();
    },
    rest: (error) => {
      rested = error;
      outgoing.rest(error);
      subscriptions.rest();
    },
    malformed: () => {
      malformed += 1;
    },
  });

  // Every frame but those of the connection itself; PROTOCOL.md §3 in one place. False: it made no sense.
  function route(frame: Raw): boolean {
    const { type, id, channel } = frame;
    switch (type) {
      case 'pong':
        return true;
      case 'result':
      case 'ack':
        outgoing.answer(frame);
        return true;
      case 'error':
        if (id !== undefined) {
          if (!outgoing.answer(frame)) subscriptions.refused(frame);
          return true;
        }
        return channel === undefined || subscriptions.receive(frame);
      default:
        return subscriptions.receive(frame);
    }
  }

  const connect = (): void => {
    rested = undefined;
    connection.connect();
  };
  const dispose = (): void => {
    connection.disconnect();
    subscriptions.clear();
    connection.clear();
  };

  const client: Client = Object.assign(connection.view, {
    onStateChange: connection.onStateChange,
    connect,
    disconnect: connection.disconnect,
    channel: (name, channelOptions = {}) => createChannel(name, channelOptions, subscriptions, outgoing),
    call: (method, params, wait) => outgoing.request({ type: 'call', method, params }, wait, (data) => data),
    send: (frame) => {
      const data = encode(settings, frame);
      if (!ready || !connection.send(data)) return false;
      pacer.spend();
      return true;
    },
    stats: () => ({ malformed, queued: outgoing.size() }),
    dispose,
    [Symbol.dispose]: dispose,
  } satisfies Omit<Client, keyof ConnectionView>);
  // The contract exists in types only; at run time every client is the same.
  return client as unknown as Client<ContractOf<App>>;
}

/** A limit of the server's, or the protocol's default (§13) in place of nonsense. */
function atLeastOne(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 1 && value < 1e9 ? value : otherwise;
}
