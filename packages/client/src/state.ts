import type { TransportName } from './socket-like.ts';

/** What an application sees. */
export type State = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'failed';

/** Why the state is what it is. */
export interface StateInfo {
  readonly previous: State;
  /** The close that led here (PROTOCOL.md §12). */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  /** Milliseconds until the next attempt. */
  readonly retryIn?: number | undefined;
  /** What the server, `getToken` or the WebSocket constructor said. */
  readonly error?: unknown;
}

export type StateListener = (state: State, info: StateInfo) => void;

/** What an application may read at any time; one object for the life of the client. */
export interface ConnectionView {
  readonly state: State;
  /** Who the server says this is; `undefined` before it did, and for the anonymous. */
  readonly userId: string | undefined;
  /** The server's name for the present connection. */
  readonly connectionId: string | undefined;
  /** How the present connection travels. Another one is another connection: `onStateChange` tells of it. */
  readonly transport: TransportName | undefined;
}

/**
 * What the machine knows beyond the state before the slash: `parked` wants a connection but may not dial (hidden, offline, put
 * away by `pagehide`), before and after the first attempt; `waiting` is between two attempts.
 */
export type Phase = State | 'connecting/parked' | 'reconnecting/waiting' | 'reconnecting/parked';

/** The last part of a phase's name: what is going on. */
export type Doing = State | 'waiting' | 'parked';

/**
 * `disconnect`: by either side, and to stay so · `ready`: the server let us in · `lost`: come back · `refused`: stay away · `due`: time
 * to dial · `park`: may not dial · `wake`: visible, online or resumed.
 */
export type MachineEvent = 'connect' | 'disconnect' | 'ready' | 'lost' | 'refused' | 'due' | 'park' | 'wake';

type Row = Readonly<Partial<Record<MachineEvent, Phase>>>;

const over: Row = { connect: 'connecting', disconnect: 'disconnected' };
const again: Row = { connect: 'reconnecting', wake: 'reconnecting', disconnect: 'disconnected' };
const open: Row = {
  disconnect: 'disconnected',
  lost: 'reconnecting/waiting',
  refused: 'failed',
  park: 'reconnecting/parked',
};

/**
 * The whole life of a client: the phase that follows. An empty cell means: stay, and do nothing. What is done on entering
 * a phase is in connection.ts: `connecting` and `reconnecting` dial, and answer themselves with `park` where that is not
 * allowed; a wait that has no attempt left answers itself with `refused`.
 */
export const table: Readonly<Record<Phase, Row>> = {
  disconnected: over,
  failed: over,
  connecting: { ...open, ready: 'connected', park: 'connecting/parked' },
  'connecting/parked': { ...over, wake: 'connecting' },
  // Awake again: still connected, if a probe says so.
  connected: { ...open, due: 'reconnecting', wake: 'connected' },
  reconnecting: { ...open, ready: 'connected' },
  'reconnecting/waiting': { ...again, due: 'reconnecting', refused: 'failed', park: 'reconnecting/parked' },
  'reconnecting/parked': again,
};
