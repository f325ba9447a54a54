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
 * `watch`: start over, and follow the page's life · `drop`: leave the socket, its generation and all timers · `dial` ·
 * `admit`: let requests and publishes go · `wait`: arm the backoff · `probe`: is the socket alive? · `rest`: nothing
 * will happen by itself now.
 */
export type Effect = 'watch' | 'drop' | 'dial' | 'admit' | 'wait' | 'probe' | 'rest';

type Step = readonly [next: Phase, ...effects: Effect[]];

type Row = Readonly<Partial<Record<MachineEvent, Step>>>;

const start: Step = ['connecting', 'watch', 'dial'];
const first: Step = ['connecting', 'drop', 'dial'];
const again: Step = ['redialing', 'drop', 'dial'];
const enter: Step = ['connected', 'admit'];
const retry: Step = ['waiting', 'drop', 'wait'];
const hold: Step = ['held', 'drop'];
const park: Step = ['parked', 'drop'];
const stop: Step = ['disconnected', 'drop', 'rest'];
const fail: Step = ['failed', 'drop', 'rest'];

const over: Row = { connect: start, disconnect: stop };
const attempt: Row = { disconnect: stop, ready: enter, lost: retry, due: retry, refused: fail, ended: stop };

/**
 * The whole life of a client. An empty cell means: stay, and do nothing. A dial that is not allowed answers itself with
 * `park`; a wait that has no attempt left answers itself with `refused`.
 */
export const table: Readonly<Record<Phase, Row>> = {
  disconnected: over,
  failed: over,
  held: { connect: first, wake: first, disconnect: stop },
  connecting: { ...attempt, park: hold },
  connected: {
    disconnect: stop,
    lost: retry,
    due: again,
    refused: fail,
    ended: stop,
    park,
    wake: ['connected', 'probe'],
  },
  waiting: { connect: again, due: again, wake: again, disconnect: stop, refused: fail, park },
  redialing: { ...attempt, park },
  parked: { connect: again, wake: again, disconnect: stop },
};

/** The public name of a phase. */
export function stateOf(phase: Phase): State {
  if (phase === 'held') return 'connecting';
  return phase === 'waiting' || phase === 'redialing' || phase === 'parked' ? 'reconnecting' : phase;
}
