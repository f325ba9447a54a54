/** What an application sees. */
export type State = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'failed';

/**
 * What the machine knows beyond that: `held` and `parked` want a connection but may not dial (hidden, offline, put away
 * by `pagehide`), before and after the first attempt; `waiting` is between attempts, `redialing` in one.
 */
export type Phase =
  | 'disconnected'
  | 'held'
  | 'connecting'
  | 'connected'
  | 'waiting'
  | 'redialing'
  | 'parked'
  | 'failed';

/**
 * `ready`: the server let us in · `lost`: come back · `refused`: stay away · `ended`: closed normally · `due`: the one
 * timer of the phase · `park`: may not dial · `wake`: visible, online or resumed.
 */
export type MachineEvent =
  | 'connect'
  | 'disconnect'
  | 'ready'
  | 'lost'
  | 'refused'
  | 'ended'
  | 'due'
  | 'park'
  | 'wake';

/**
 * `reset`: forget earlier failures · `admit`: let requests and publishes go · `watch`: follow the page's life · `drop`: leave the socket, its generation and all
 * timers · `dial` · `wait`: arm the backoff · `probe`: is the socket alive? · `rest`: nothing will happen by itself now.
 */
export type Effect = 'reset' | 'admit' | 'watch' | 'drop' | 'dial' | 'wait' | 'probe' | 'rest';

export type Step = readonly [next: Phase, ...effects: Effect[]];

/**
 * The whole life of a client. Every cell is filled: an event that means nothing in a phase stays there with no effect.
 * A dial that is not allowed answers itself with `park`; a wait that has no attempt left answers itself with `refused`.
 */
export const table: Readonly<Record<Phase, Readonly<Record<MachineEvent, Step>>>> = {
  disconnected: {
    connect: ['connecting', 'reset', 'watch', 'dial'],
    disconnect: ['disconnected', 'rest'],
    ready: ['disconnected'],
    lost: ['disconnected'],
    refused: ['disconnected'],
    ended: ['disconnected'],
    due: ['disconnected'],
    park: ['disconnected'],
    wake: ['disconnected'],
  },
  held: {
    connect: ['connecting', 'dial'],
    disconnect: ['disconnected', 'drop', 'rest'],
    ready: ['held'],
    lost: ['held'],
    refused: ['held'],
    ended: ['held'],
    due: ['held'],
    park: ['held'],
    wake: ['connecting', 'dial'],
  },
  connecting: {
    connect: ['connecting'],
    disconnect: ['disconnected', 'drop', 'rest'],
    ready: ['connected', 'reset', 'admit'],
    lost: ['waiting', 'drop', 'wait'],
    refused: ['failed', 'drop', 'rest'],
    ended: ['disconnected', 'drop', 'rest'],
    due: ['waiting', 'drop', 'wait'],
    park: ['held', 'drop'],
    wake: ['connecting'],
  },
  connected: {
    connect: ['connected'],
    disconnect: ['disconnected', 'drop', 'rest'],
    ready: ['connected'],
    lost: ['waiting', 'drop', 'wait'],
    refused: ['failed', 'drop', 'rest'],
    ended: ['disconnected', 'drop', 'rest'],
    due: ['redialing', 'drop', 'dial'],
    park: ['parked', 'drop'],
    wake: ['connected', 'probe'],
  },
  waiting: {
    connect: ['redialing', 'reset', 'drop', 'dial'],
    disconnect: ['disconnected', 'drop', 'rest'],
    ready: ['waiting'],
    lost: ['waiting'],
    refused: ['failed', 'drop', 'rest'],
    ended: ['waiting'],
    due: ['redialing', 'dial'],
    park: ['parked', 'drop'],
    wake: ['redialing', 'drop', 'dial'],
  },
  redialing: {
    connect: ['redialing'],
    disconnect: ['disconnected', 'drop', 'rest'],
    ready: ['connected', 'reset', 'admit'],
    lost: ['waiting', 'drop', 'wait'],
    refused: ['failed', 'drop', 'rest'],
    ended: ['disconnected', 'drop', 'rest'],
    due: ['waiting', 'drop', 'wait'],
    park: ['parked', 'drop'],
    wake: ['redialing'],
  },
  parked: {
    connect: ['redialing', 'dial'],
    disconnect: ['disconnected', 'drop', 'rest'],
    ready: ['parked'],
    lost: ['parked'],
    refused: ['parked'],
    ended: ['parked'],
    due: ['parked'],
    park: ['parked'],
    wake: ['redialing', 'dial'],
  },
  failed: {
    connect: ['connecting', 'reset', 'watch', 'dial'],
    disconnect: ['disconnected', 'rest'],
    ready: ['failed'],
    lost: ['failed'],
    refused: ['failed'],
    ended: ['failed'],
    due: ['failed'],
    park: ['failed'],
    wake: ['failed'],
  },
};

/** The public name of a phase. */
export function stateOf(phase: Phase): State {
  if (phase === 'held') return 'connecting';
  if (phase === 'waiting' || phase === 'redialing' || phase === 'parked') return 'reconnecting';
  return phase;
}
