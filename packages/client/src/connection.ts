import { mayReconnect, tokenReasons } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError, notify, readMilliseconds } from './errors.ts';
import { openLink } from './link.ts';
import type { Encoded, Link } from './link.ts';
import type { Settings, Token } from './settings.ts';
import { stateOf, table } from './state.ts';
import type { Effect, MachineEvent, Phase, State } from './state.ts';
import { isText, readError, readText } from './wire.ts';
import type { Raw } from './wire.ts';

/** Why the state is what it is. */
export interface StateInfo {
  readonly previous: State;
  /** The close that led here (PROTOCOL.md §12). */
  readonly code?: number;
  readonly reason?: string;
  /** Milliseconds until the next attempt. */
  readonly retryIn?: number;
  /** What the server, `getToken` or the WebSocket constructor said. */
  readonly error?: unknown;
}

export type StateListener = (state: State, info: StateInfo) => void;

/** What the connection tells the parts above it. */
export interface ConnectionEvents {
  /** The server spoke, and the `auth` frame is on its way: what may follow it without waiting can go. */
  welcome(frame: Raw): void;
  /** In: `sameUser` is false when another user came back than had left. */
  ready(sameUser: boolean): void;
  frame(frame: Raw): void;
  /** The socket is gone; nothing in flight will be answered. */
  down(): void;
  /** Disconnected or failed: nothing will happen until `connect()`. */
  rest(error: ThrumError): void;
  malformed(): void;
}

/** What an application may read at any time; one object for the life of the client. */
export interface ConnectionView {
  readonly state: State;
  /** Who the server says this is; `undefined` before it did, and for the anonymous. */
  readonly userId: string | undefined;
  /** The server's name for the present connection. */
  readonly connectionId: string | undefined;
}

export interface Connection {
  readonly view: ConnectionView;
  connect(): void;
  disconnect(): void;
  /** Now or not at all. */
  send(data: Encoded): boolean;
  onStateChange(listener: StateListener): () => void;
  /** Forgets every listener. */
  clear(): void;
}

/** What happened, beside the event's name: shown to the application. */
type Detail = Omit<StateInfo, 'previous'>;

// The id of every auth frame; requests count in numbers, and publishes have ids of their own shape.
const authId = 'thrum:auth';
const maxRefusals = 3;
const renewalRetry = 5000;
const nothing = (): void => undefined;

/** The table of state.ts with its effects: at most one socket, one timer and one token request that count. */
export function createConnection(settings: Settings, events: ConnectionEvents): Connection {
  const { env, lifecycle, getToken, backoff } = settings;
  const listeners = new Set<StateListener>();
  const inbox: (() => void)[] = [];
  let running = false;
  let phase: Phase = 'disconnected';
  const view: { -readonly [K in keyof ConnectionView]: ConnectionView[K] } = {
    state: phase,
    userId: undefined,
    connectionId: undefined,
  };
  let detail: Detail = {};
  // Raised whenever a socket is left: what an older one still says counts for nothing.
  let generation = 0;
  let link: Link | undefined;
  let stopTimer = nothing;
  let stopRenewal = nothing;
  let unwatch: (() => void) | undefined;
  let away = false;
  let attempts = 0;
  let refusals = 0;
  let comeBackAt: number | undefined;
  let lastError: ThrumError | undefined;
  let previousUser: string | undefined;
  let welcomed = false;

  const effects: Record<Effect, () => void> = {
    watch: () => {
      away = false;
      attempts = refusals = 0;
      unwatch ??= lifecycle.listen((event) => {
        if (event !== 'woke') away = event === 'left';
        dispatch(away ? 'park' : 'wake');
      });
    },
    drop: () => {
      generation += 1;
      stopTimer();
      stopRenewal();
      welcomed = false;
      view.connectionId = undefined;
      const old = link;
      link = undefined;
      old?.close(1000, '');
      if (old !== undefined) events.down();
    },
    dial,
    admit: () => {
      stopTimer();
      attempts = refusals = 0;
      const sameUser = previousUser === undefined || previousUser === view.userId;
      previousUser = view.userId;
      events.ready(sameUser);
    },
    wait: () => {
      const retryIn =
        comeBackAt === undefined
          ? backoffDelay(backoff, attempts++, env.random())
          : Math.max(0, comeBackAt - env.monotonic());
      comeBackAt = undefined;
      if (attempts > settings.maxReconnectAttempts) dispatch('refused', detail);
      else {
        detail = { ...detail, retryIn };
        arm(retryIn);
      }
    },
    probe: () => link?.probe(settings.probeTimeout),
    rest: () => {
      unwatch?.();
      unwatch = comeBackAt = view.userId = previousUser = undefined;
      events.rest(new ThrumError('disconnected', 'Not connected', false, { cause: detail.error }));
    },
  };

  // Events that come while one is handled wait for it, so a listener that calls connect() sees no half-made state.
  function dispatch(event: MachineEvent, eventDetail: Detail = {}, from?: number): void {
    inbox.push(() => {
      if ((from ?? generation) === generation) step(event, eventDetail);
    });
    if (running) return;
    running = true;
    for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) next();
    running = false;
  }

  function step(event: MachineEvent, eventDetail: Detail): void {
    const cell = table[phase][event];
    if (cell === undefined) return;
    const [target, ...todo] = cell;
    phase = target;
    detail = eventDetail;
    for (const effect of todo) effects[effect]();
    const previous = view.state;
    const state = stateOf(phase);
    view.state = state;
    if (state !== previous || detail.retryIn !== undefined) notify(listeners, state, { previous, ...detail });
  }

  /** Dispatches for as long as the present socket, or the attempt at one, counts. */
  function teller(): (event: MachineEvent, eventDetail?: Detail) => void {
    const from = generation;
    return (event, eventDetail) => dispatch(event, eventDetail, from);
  }

  function arm(ms: number, eventDetail?: Detail): void {
    const tell = teller();
    stopTimer();
    stopTimer = env.timer(ms, () => tell('due', eventDetail));
  }

  function dial(): void {
    if (away || !(settings.background || lifecycle.active())) {
      dispatch('park');
      return;
    }
    generation += 1;
    lastError = comeBackAt = undefined;
    arm(settings.connectTimeout, { error: new ThrumError('timeout', 'No connection in time', true) });
    const tell = teller();
    if (getToken === undefined) open();
    else withToken(open, (error) => tell('lost', { error }));
  }

  // A getToken that throws at once is no different from one that rejects.
  function withToken(use: (token: Token) => void, failed: (error: unknown) => void): void {
    const from = generation;
    const current =
      <T>(run: (value: T) => void) =>
      (value: T): void => {
        if (from === generation) run(value);
      };
    void Promise.resolve().then(getToken).then(current(use), current(failed));
  }

  function open(token?: Token): void {
    const tell = teller();
    try {
      link = openLink(settings, {
        frame: (frame) => receive(frame, token),
        malformed: events.malformed,
        closed: (code, reason) => tell(afterClose(code, reason), { code, reason, error: lastError }),
      });
    } catch (error) {
      tell('refused', { error });
    }
  }

  // PROTOCOL.md §12
  function afterClose(code: number, reason: string): MachineEvent {
    if (code === 1000) return 'ended';
    const curable = getToken !== undefined && code === 1008 && tokenReasons.includes(reason);
    return mayReconnect(code, reason) || (curable && ++refusals < maxRefusals) ? 'lost' : 'refused';
  }

  function receive(frame: Raw, token: Token): void {
    const { type, id } = frame;
    if (type === 'welcome') {
      if (!welcomed) welcome(frame, token);
    } else if (type === 'error' && (id === undefined || id === authId)) {
      lastError = readError(frame);
      // A renewal that could not be served now; one that was refused is followed by a close.
      if (id === authId && phase === 'connected') renewIn(renewalRetry);
      // What waits to be sent belongs to the user who was here before; only the application knows what to do.
      if (lastError.code === 'user_mismatch') dispatch('refused', { error: lastError });
      else events.frame(frame);
    } else if (!welcomed) events.malformed();
    else if (type === 'auth_success') {
      view.userId = readText(frame['userId']);
      const { expiresAt } = frame;
      if (typeof expiresAt === 'number') renewIn(expiresAt - env.now());
      dispatch('ready');
    } else if (type === 'reconnect' && phase === 'connected') {
      // PROTOCOL.md §10: the server spreads its clients over the window; its number counts if it closes early, too.
      const after = readMilliseconds(frame['after']) ?? 0;
      comeBackAt = env.monotonic() + after;
      arm(after);
    } else events.frame(frame);
  }

  function welcome(frame: Raw, token: Token): void {
    welcomed = true;
    view.connectionId = readText(frame['connectionId']);
    view.userId = readText(frame['userId']);
    const anonymous = !isText(token);
    if (!anonymous) authenticate(token);
    else if (frame['authentication'] === 'required') {
      dispatch('refused', { error: new ThrumError('authentication_required', 'There is no token') });
      return;
    }
    events.welcome(frame);
    if (anonymous) dispatch('ready');
  }

  function authenticate(token: string): void {
    link?.send(settings.codec.encode({ type: 'auth', token, id: authId }));
  }

  function renewIn(left: number): void {
    stopRenewal();
    if (getToken === undefined) return;
    // A session that has just begun cannot be over: then this clock is wrong, and a tight loop would not right it.
    const delay = left > 0 ? Math.max(1000, left * 0.9) : 30_000;
    stopRenewal = env.timer(delay, () => {
      withToken(
        (token) => {
          if (isText(token)) authenticate(token);
        },
        // The session still lives: ask again, up to the moment when the server ends it.
        () => renewIn(renewalRetry),
      );
    });
  }

  return {
    view,
    connect: () => dispatch('connect'),
    disconnect: () => dispatch('disconnect'),
    send: (data) => link?.send(data) ?? false,
    onStateChange: (listener) => {
      // An entry of its own, so that one function given twice is called twice and leaves one at a time.
      const entry: StateListener = (state, info) => listener(state, info);
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    clear: () => listeners.clear(),
  };
}
