import { closeCodes, mayReconnect, tokenReasons } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError, safely } from './errors.ts';
import { openLink } from './link.ts';
import type { Encoded, Link } from './link.ts';
import { readLimits, renewalDelay } from './session.ts';
import type { ServerLimits } from './session.ts';
import { socketUrl } from './settings.ts';
import type { Settings, Token } from './settings.ts';
import { stateOf, table } from './state.ts';
import type { Effect, MachineEvent, Phase, State } from './state.ts';
import { readError, readMilliseconds } from './wire.ts';
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
  welcome(limits: ServerLimits): void;
  /** In: `sameUser` is false when another user came back than had left. */
  ready(sameUser: boolean): void;
  frame(frame: Raw): void;
  /** The socket is gone; nothing in flight will be answered. */
  down(): void;
  /** Disconnected or failed: nothing will happen until `connect()`. */
  rest(error: ThrumError): void;
  malformed(): void;
}

export interface Connection {
  state(): State;
  userId(): string | undefined;
  connectionId(): string | undefined;
  connect(): void;
  disconnect(): void;
  /** Now or not at all. */
  send(data: Encoded): boolean;
  onStateChange(listener: StateListener): () => void;
  /** Forgets every listener. */
  clear(): void;
}

/** What happened, beside the event's name: shown to the application. */
type Detail = Omit<StateInfo, 'previous' | 'retryIn'>;

interface Queued {
  readonly event: MachineEvent;
  readonly detail: Detail;
  /** The generation it belongs to; it counts for nothing in a later one. */
  readonly generation: number | undefined;
}

// The id of every auth frame; requests count in numbers and publishes have ids of their own shape.
const authId = 'auth';
const maxRefusals = 3;

/** The table of state.ts with its effects: at most one socket, one timer, one token request that count. */
export function createConnection(settings: Settings, events: ConnectionEvents): Connection {
  const { env, lifecycle, getToken } = settings;
  const listeners = new Set<StateListener>();
  const inbox: Queued[] = [];
  let running = false;
  let phase: Phase = 'disconnected';
  let shown: State = 'disconnected';
  let detail: Detail = {};
  let retryIn: number | undefined;
  let generation = 0;
  let link: Link | undefined;
  let stopTimer: () => void = () => undefined;
  let stopRenewal: () => void = () => undefined;
  let unwatch: (() => void) | undefined;
  let away = false;
  let attempts = 0;
  let refusals = 0;
  let welcomed = false;
  let comeBackAt: number | undefined;
  let lastError: ThrumError | undefined;
  let user: string | undefined;
  let previousUser: string | undefined;
  let connectionId: string | undefined;

  const effects: Record<Effect, () => void> = {
    reset: () => {
      attempts = 0;
      refusals = 0;
    },
    admit: () => {
      stopTimer();
      const sameUser = previousUser === undefined || previousUser === user;
      previousUser = user;
      events.ready(sameUser);
    },
    watch: () => {
      away = false;
      unwatch ??= lifecycle.listen((event) => {
        if (event !== 'woke') away = event === 'left';
        dispatch(away ? 'park' : 'wake');
      });
    },
    drop,
    dial,
    wait: () => {
      if (attempts >= settings.maxReconnectAttempts) {
        dispatch('refused', detail);
        return;
      }
      if (comeBackAt === undefined) retryIn = backoffDelay(settings.backoff, attempts++, env.random());
      else retryIn = Math.max(0, comeBackAt - env.monotonic());
      comeBackAt = undefined;
      arm(retryIn);
    },
    probe: () => link?.probe(settings.probeTimeout),
    rest: () => {
      unwatch?.();
      unwatch = undefined;
      comeBackAt = undefined;
      user = undefined;
      previousUser = undefined;
      const why = phase === 'failed' ? 'The connection failed' : 'Disconnected';
      events.rest(new ThrumError('disconnected', why, { cause: detail.error }));
    },
  };

  // Events that come while one is handled wait for it, so a listener that calls connect() sees no half-made state.
  function dispatch(event: MachineEvent, eventDetail: Detail = {}, from?: number): void {
    inbox.push({ event, detail: eventDetail, generation: from });
    if (running) return;
    running = true;
    for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) {
      if (next.generation === undefined || next.generation === generation) step(next);
    }
    running = false;
  }

  function step(next: Queued): void {
    const [target, ...todo] = table[phase][next.event];
    if (target === phase && todo.length === 0) return;
    phase = target;
    detail = next.detail;
    retryIn = undefined;
    for (const effect of todo) effects[effect]();
    const state = stateOf(phase);
    if (state === shown && retryIn === undefined) return;
    const info = { previous: shown, ...detail, ...(retryIn !== undefined && { retryIn }) };
    shown = state;
    for (const listener of [...listeners]) safely(() => listener(state, info));
  }

  function arm(ms: number): void {
    stopTimer();
    const from = generation;
    stopTimer = env.timer(ms, () => dispatch('due', lateDetail(phase), from));
  }

  function drop(): void {
    generation += 1;
    stopTimer();
    stopRenewal();
    welcomed = false;
    connectionId = undefined;
    const old = link;
    link = undefined;
    if (old === undefined) return;
    old.close(closeCodes.normal.code, closeCodes.normal.reason);
    events.down();
  }

  function dial(): void {
    if (away || !(settings.background || lifecycle.active())) {
      dispatch('park');
      return;
    }
    generation += 1;
    lastError = undefined;
    comeBackAt = undefined;
    const from = generation;
    arm(settings.connectTimeout);
    if (getToken === undefined) open(from, undefined);
    else
      withToken(
        from,
        (token) => open(from, token),
        (error) => dispatch('lost', { error }, from),
      );
  }

  // A getToken that throws at once is no different from one that rejects.
  function withToken(from: number, use: (token: Token) => void, failed: (error: unknown) => void): void {
    void Promise.resolve()
      .then(getToken)
      .then(
        (token) => {
          if (from === generation) use(token);
        },
        (error: unknown) => {
          if (from === generation) failed(error);
        },
      );
  }

  function open(from: number, token: Token): void {
    try {
      link = openLink(
        { ...settings, url: socketUrl(settings.url), WebSocket: constructorOf(settings) },
        {
          frame: (frame) => {
            if (from === generation) receive(frame, token);
          },
          malformed: events.malformed,
          closed: (code, reason) => closed(from, code, reason),
        },
      );
    } catch (error) {
      dispatch('refused', { error }, from);
    }
  }

  function closed(from: number, code: number, reason: string): void {
    if (from !== generation) return;
    const why: Detail = { code, reason, ...(lastError !== undefined && { error: lastError }) };
    if (code === closeCodes.normal.code) dispatch('ended', why, from);
    else if (mayReconnect(code, reason)) dispatch('lost', why, from);
    else if (
      getToken !== undefined &&
      code === 1008 &&
      tokenReasons.includes(reason) &&
      ++refusals < maxRefusals
    ) {
      dispatch('lost', why, from);
    } else dispatch('refused', why, from);
  }

  function receive(frame: Raw, token: Token): void {
    const { type, id } = frame;
    if (type === 'error' && (id === undefined || id === authId)) {
      lastError = readError(frame);
      // Whatever waits to be sent belongs to the user who was here before; only the application knows what to do.
      if (lastError.code === 'user_mismatch') dispatch('refused', { error: lastError }, generation);
      else if (id === undefined) events.frame(frame);
    } else if (type === 'welcome') {
      if (!welcomed) welcome(frame, token);
    } else if (!welcomed) events.malformed();
    else if (type === 'auth_success') {
      user = text(frame['userId']);
      renewAfter(renewalDelay(frame['expiresAt'], env));
      dispatch('ready', {}, generation);
    } else if (type === 'reconnect') drain(readMilliseconds(frame['after']) ?? 0);
    else events.frame(frame);
  }

  function welcome(frame: Raw, token: Token): void {
    welcomed = true;
    connectionId = text(frame['connectionId']);
    user = text(frame['userId']);
    const anonymous = typeof token !== 'string';
    if (anonymous && frame['authentication'] === 'required') {
      const error = new ThrumError(
        'authentication_required',
        'The server asks for a token, and there is none',
      );
      dispatch('refused', { error }, generation);
      return;
    }
    if (!anonymous) authenticate(token);
    events.welcome(readLimits(frame));
    if (anonymous) dispatch('ready', {}, generation);
  }

  function authenticate(token: string): void {
    link?.send(settings.codec.encode({ type: 'auth', token, id: authId }));
  }

  function renewAfter(ms: number | undefined): void {
    stopRenewal();
    if (ms === undefined || getToken === undefined) return;
    const from = generation;
    stopRenewal = env.timer(ms, () => {
      withToken(
        from,
        (token) => {
          if (typeof token === 'string') authenticate(token);
        },
        // The session still lives: ask again, up to the moment when the server ends it.
        () => renewAfter(backoffDelay(settings.backoff, 2, env.random())),
      );
    });
  }

  // PROTOCOL.md §10: the server spreads its clients over the window, so its number counts, also when it closes early.
  function drain(after: number): void {
    if (phase !== 'connected') return;
    attempts = 0;
    comeBackAt = env.monotonic() + after;
    arm(after);
  }

  return {
    state: () => shown,
    userId: () => user,
    connectionId: () => connectionId,
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

function lateDetail(phase: Phase): Detail {
  const dialing = phase === 'connecting' || phase === 'redialing';
  return dialing
    ? { error: new ThrumError('timeout', 'The attempt to connect took too long', { retry: true }) }
    : {};
}

function constructorOf(settings: Settings): NonNullable<Settings['WebSocket']> {
  const found = settings.WebSocket ?? (globalThis as Pick<Settings, 'WebSocket'>).WebSocket;
  if (found === undefined) throw new TypeError('There is no WebSocket here: give one as an option');
  return found;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
