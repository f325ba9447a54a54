import type { Codec, Limits } from '@thrum/protocol';
import type { TransportName } from '@thrum/testkit';
import type { WireContext } from './context.ts';

/** The part of a test runner that the suite needs; vitest and node:test both have it. */
export interface TestApi {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: ((
    name: string,
    options: { readonly timeout: number },
    body: () => Promise<void>,
  ) => unknown) & {
    readonly skip: (name: string, body?: () => void) => unknown;
  };
}

export interface TokenOptions {
  /** Seconds from now. Default: an hour. */
  readonly expiresIn?: number;
}

export interface WireTokens {
  /** A token that the target accepts for this user. */
  valid(user: string, options?: TokenOptions): string | Promise<string>;
  /** Tokens that the target must refuse, by what is wrong with each. */
  readonly refused?: Readonly<Record<string, () => string | Promise<string>>>;
}

/** A group of cases; each asks something else of the target's configuration (see README.md). */
export type Topic = keyof typeof topics;

/** What each topic needs besides the contract. */
export const topics = {
  handshake: 'nothing',
  welcome: 'tokens',
  malformed: 'tokens',
  publish: 'tokens',
  subscribe: 'tokens',
  recovery: 'tokens',
  history: 'tokens',
  presence: 'tokens',
  acks: 'tokens',
  calls: 'tokens',
  auth: 'tokens, authentication required',
  bytes: 'tokens',
  limits: 'tokens; a rate of 1,000 or more',
  isolation: 'tokens',
  codec: 'tokens',
  events: 'tokens; history as in the contract',
  http: 'tokens, authentication required',
  slow: 'tokens; outboxBytes and inboxBytes of 1 MiB or less; a rate of 1,000 or more',
  anonymous: 'authentication optional',
  deadlines:
    'tokens; authSeconds, frameSeconds, presenceGraceSeconds and redeliverySeconds of a second or less',
  rate: 'tokens; rate × abuseFactor of 500 or less',
  capacity: 'tokens; at most 5 connections, none of them taken',
  restart: 'tokens, and the option restart',
} as const;

/** Topics of a server that runs with the protocol's defaults, apart from the rate. */
export const ordinaryTopics: readonly Topic[] = [
  'handshake',
  'welcome',
  'malformed',
  'publish',
  'subscribe',
  'recovery',
  'history',
  'presence',
  'acks',
  'calls',
  'auth',
  'bytes',
  'limits',
  'isolation',
  'slow',
  'codec',
  'events',
  'http',
];

/** Those that are about one transport and its bytes; the rest holds over every one. */
export const ownTopics: readonly Topic[] = ['handshake', 'bytes', 'events', 'http'];

export interface WireOptions {
  /** What the frames travel over. Default `websocket`. */
  readonly transport?: TransportName;
  /** How frames are written, over WebSocket. Default JSON, without a subprotocol. */
  readonly codec?: Codec;
  /** Names the target in the report. Default: its topics. */
  readonly name?: string;
  /** Default: vitest's. */
  readonly test?: TestApi;
  /** Default: {@link ordinaryTopics}. */
  readonly topics?: readonly Topic[];
  readonly tokens?: WireTokens;
  /** The target's limits where they are not the defaults of PROTOCOL.md §13. */
  readonly limits?: Partial<Limits>;
  /** An origin that the target allows, all others being refused. Absent: origins are not tested. */
  readonly allowedOrigin?: string;
  /** Seconds after which a handshake that is never finished ends. Absent: not tested. */
  readonly handshakeSeconds?: number;
  /** Stops the target as planned and starts it again at the same URL. */
  readonly restart?: () => Promise<void>;
}

/** One behaviour on the wire. */
export interface WireCase {
  /** Of PROTOCOL.md. */
  readonly section: number;
  /** A sentence of behaviour. */
  readonly title: string;
  /** Whether the target offers what this case needs. */
  readonly needs?: (options: WireOptions) => boolean;
  /** Whether it says anything of the transport in use; where not, it is no case at all. */
  readonly applies?: (options: WireOptions) => boolean;
  /** Why it says something of JSON alone; where another codec is spoken it is no case. */
  readonly json?: string;
  readonly run: (wire: WireContext) => Promise<void>;
}

/** Whether a connection that is cut is noticed at once: where a client polls, its silence says nothing for a while. */
export function noticesDrops({ transport }: WireOptions): boolean {
  return transport !== 'longpoll';
}

/** Whether the cases run over WebSockets: some are about what only those have. */
export function overWebSocket({ transport = 'websocket' }: WireOptions): boolean {
  return transport === 'websocket';
}
