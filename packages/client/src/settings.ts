import type { Backoff } from './backoff.ts';
import type { ThrumError } from './errors.ts';
import { hostEnv } from './env.ts';
import type { Env } from './env.ts';
import { pageLifecycle } from './lifecycle.ts';
import type { Lifecycle, Scope } from './lifecycle.ts';
import type { Persist } from './persisted.ts';
import type { DroppedPublish, QueueBounds } from './publish.ts';
import type { CodecName, SocketConstructor, SocketLike, TransportName } from './socket-like.ts';

export type Token = string | null | undefined;

/** The transports over HTTP (PROTOCOL.md §17). */
export interface HttpOptions {
  /**
   * The folder that `connect/` is in, with a slash at its end, against the page. Default: that of the client's URL, so that
   * `wss://example.com/rt/ws` has `https://example.com/rt/connect/…`. What the URL asks for behind `?` is asked for here too.
   */
  readonly url?: string | undefined;
  /** Default `same-origin`. With `include`, cookies go to other origins too, which the server has to name one by one. */
  readonly credentials?: RequestCredentials | undefined;
  /** Default `globalThis.fetch`, looked up at each use. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * Stands between the client and these sockets, to watch or to break them, as a class given as `WebSocket` can for the others:
   * dials, and returns what is used in its place.
   */
  readonly wrap?: ((dial: () => SocketLike, transport: TransportName) => SocketLike) | undefined;
}

/** What an application may change; every default is in the comment. */
export interface ClientOptions {
  /**
   * Called for every attempt to connect and at 90 % of the session's time; the token goes in the first `auth` frame
   * (PROTOCOL.md §9). `null` connects without one; a rejection counts as a failed attempt.
   */
  readonly getToken?: (() => Token | Promise<Token>) | undefined;
  /**
   * How to travel, the best first; a single one is used whatever happens. Read at each attempt. Default `websocket`, `sse`,
   * `longpoll`.
   */
  readonly transports?: readonly TransportName[] | undefined;
  /** Default `globalThis.WebSocket`, looked up when dialing. */
  readonly WebSocket?: SocketConstructor | undefined;
  readonly http?: HttpOptions | undefined;
  readonly queue?: Partial<QueueBounds> | undefined;
  /**
   * Keeps the queue and the positions of channels over reloads: `indexedDbPersist` of `@thrum/client/persist`. Default:
   * they end with the page. One client's alone.
   */
  readonly persist?: Persist | undefined;
  /** Told of each publish that failed, and why: dropped, expired, refused …; its promise rejects too. */
  readonly onDrop?: ((publish: DroppedPublish, reason: ThrumError) => void) | undefined;
  /** Milliseconds without an `ack` before a publish is sent again on the same connection. Default 15,000. */
  readonly publishTimeout?: number | undefined;
  /** Milliseconds for `call`, `history` and `presence.get`, unless their caller says otherwise. Default 15,000. */
  readonly requestTimeout?: number | undefined;
  /** Milliseconds for one whole attempt: token, handshake, `welcome`, `auth_success`. Default 15,000. */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds of silence before a `ping` frame. Default 30,000. */
  readonly pingInterval?: number | undefined;
  /** Milliseconds to hear anything after it. Default 5,000. */
  readonly pongTimeout?: number | undefined;
  /** Milliseconds to hear anything after the page became visible, online or resumed. Default 2,500. */
  readonly probeTimeout?: number | undefined;
  readonly backoff?: Partial<Backoff> | undefined;
  /** Attempts after a loss before the state is `failed`. Default: without end. */
  readonly maxReconnectAttempts?: number | undefined;
  /** Milliseconds between the last listener's leaving and `unsubscribe`. Default 500. */
  readonly linger?: number | undefined;
  /** Dial while the page is hidden or offline too. Default false. */
  readonly background?: boolean | undefined;
  /**
   * How frames travel over WebSocket; the transports over HTTP carry JSON. The other two are loaded before the first attempt
   * and offered to the server, which may choose JSON instead. Where the loading fails, that attempt fails with its
   * error, and the next ones are made with JSON. Default `json`.
   */
  readonly codec?: CodecName | undefined;
  /** Default: the events of `window` and `document`, where there are any. */
  readonly lifecycle?: Lifecycle | undefined;
  /** Clocks, timers, randomness; for simulations and tests. */
  readonly env?: Env | undefined;
}

/** {@link ClientOptions} with every default filled in. */
export interface Settings
  extends
    Pick<ClientOptions, OptionalSetting>,
    Given<Omit<ClientOptions, 'queue' | 'backoff' | 'WebSocket' | OptionalSetting>> {
  readonly url: string;
  readonly queue: QueueBounds;
  readonly backoff: Backoff;
  /** What was given, or what a codec that was loaded has made of it. */
  WebSocket?: SocketConstructor | undefined;
}

type Given<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

type OptionalSetting = 'getToken' | 'http' | 'persist' | 'onDrop';

/** Reads no global but the scope itself: a server that renders a page may create a client. */
export const settingsOf = (url: string, options: ClientOptions): Settings => {
  const { queue, backoff, ...rest } = options;
  return filled(
    {
      url,
      transports: ['websocket', 'sse', 'longpoll'],
      publishTimeout: 15_000,
      requestTimeout: 15_000,
      connectTimeout: 15_000,
      pingInterval: 30_000,
      pongTimeout: 5000,
      probeTimeout: 2500,
      maxReconnectAttempts: Infinity,
      linger: 500,
      background: false,
      codec: 'json',
      lifecycle: pageLifecycle(globalThis as Scope),
      env: hostEnv,
      queue: filled({ maxCount: 100, maxBytes: 1_048_576, maxAge: 60_000 }, queue),
      backoff: filled({ base: 1000, max: 30_000, jitter: 0.25 }, backoff),
    },
    rest,
  );
};

/** The defaults with what was given; `undefined` means the default as well as absence does. */
const filled = <T extends object, U extends object>(defaults: T, given: U | undefined): T & Given<U> => {
  for (const key in given) {
    if (given[key] !== undefined) (defaults as Record<string, unknown>)[key] = given[key];
  }
  return defaults as T & Given<U>;
};
