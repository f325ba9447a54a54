import { heartbeatClose, mayReconnect, tokenReasons } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError, notify, readDelay, safely } from './errors.ts';
import type { Listeners } from './errors.ts';
import type { Link } from './choice.ts';
import { createCodecLoader } from './codec.ts';
import { createDialer } from './dialer.ts';
import type { Encoded } from './socket-like.ts';
import type { Settings, Token } from './settings.ts';
import type { ConnectionEvents } from './parts.ts';
import { table } from './state.ts';
import type { ConnectionView, Doing, MachineEvent, Phase, State, StateInfo } from './state.ts';
import { readFrame } from './web-socket.ts';
import type { SocketListener } from './web-socket.ts';
import { readError } from './wire.ts';
import type { Frame } from './wire.ts';

export interface Connection {
  readonly view: ConnectionView;
  readonly listeners: Listeners<[State, StateInfo]>;
  dispatch(event: 'connect' | 'disconnect'): void;
  /** Now or not at all. */
  send(data: Encoded): void;
}

/** What is known of an event beside its name: shown to the application. */
type Detail = Omit<StateInfo, 'previous'>;

type Draft<T> = { -readonly [K in keyof T]: T[K] };

// The id of every auth frame; requests count in numbers, and publishes have ids of their own shape.
const authId = 'thrum:auth';
const maxRefusals = 3;
const renewalRetry = 5000;
// A timer this late means that the machine slept or the page was throttled, and then the answer may only be waiting.
const lateTimer = 1000;
const nothing = (): void => {};

/** The table of state.ts with its effects: at most one socket, one timer and one token request that count. */
export const createConnection = (settings: Settings, events: ConnectionEvents): Connection => {
  const { env, lifecycle, getToken } = settings;
  const loadCodec = createCodecLoader(settings);
  const listeners: Listeners<[State, StateInfo]> = new Set();
  const inbox: (() => void)[] = [];
  // Without its optional fields: reading them gives `undefined` all the same.
  const view = { state: 'disconnected' } as Draft<ConnectionView>;
  let phase: Phase = 'disconnected';
  // Raised whenever a socket is left: what an older one still says counts for nothing.
  let generation = 0;
  let socket: Link | undefined;
  // What a better transport has opened meanwhile.
  let better: Link | undefined;
  let stopTimer = nothing;
  let stopRenewal = nothing;
  let unwatch: (() => void) | undefined;
  let away = false;
  let attempts = 0;
  let refusals = 0;
  // When the server last spoke; -1: not since it was probed.
  let heardAt = -1;
  let comeBackAt: number | undefined;
  let lastError: ThrumError | undefined;

  const leave = (_info?: StateInfo, error?: ThrumError): void => {
    generation += 1;
    stopTimer();
    stopRenewal();
    view.connectionId = view.transport = undefined;
    socket?.close(1000);
    socket = better;
    better = undefined;
    events.down(error);
  };

  const rest = (info: StateInfo): void => {
    leave(info, new ThrumError('disconnected', { cause: info.error }));
    unwatch?.();
    unwatch = comeBackAt = view.userId = undefined;
    attempts = refusals = 0;
    away = false;
  };

  const dial = (): void => {
    leave();
    unwatch ??= lifecycle.listen((event) => {
      if (event !== 'woke') away = event === 'left';
      dispatch(away ? 'park' : 'wake');
    });
    if (away || !(settings.background || lifecycle.active())) dispatch('park');
    else {
      lastError = comeBackAt = undefined;
      arm(settings.connectTimeout, () => dispatch('lost', { error: new ThrumError('timeout') }));
      if (getToken || loadCodec) withToken(open, (error) => dispatch('lost', { error }));
      else open();
    }
  };

  /** What is done on entering a phase, by the last part of its name. */
  const enter: Record<Doing, (info: Draft<StateInfo>) => void> = {
    disconnected: rest,
    failed: rest,
    connecting: dial,
    reconnecting: dial,
    parked: leave,
    connected: ({ previous }) => {
      if (previous === 'connected') probe(settings.probeTimeout);
      else {
        attempts = refusals = 0;
        watchSilence();
        events.ready(view.userId);
      }
    },
    waiting: (info) => {
      leave();
      info.retryIn =
        comeBackAt === undefined ? backoffDelay(settings, attempts++) : comeBackAt - env.monotonic();
      comeBackAt = undefined;
      if (attempts > settings.maxReconnectAttempts) dispatch('refused', info);
      else arm(info.retryIn, () => dispatch('due'));
    },
  };

  // One thing at a time: what happens while something is handled waits for it, so that a listener which calls connect()
  // sees no half-made state.
  const enqueue = (run: () => void): void => {
    if (inbox.push(run) === 1) {
      for (const next of inbox) void safely(next);
      inbox.length = 0;
    }
  };

  const dispatch = (event: MachineEvent, detail?: Detail): void =>
    enqueue(() => {
      const next = table[phase][event];
      if (next) {
        const info: Draft<StateInfo> = { ...detail, previous: view.state };
        const [state, doing = state] = next.split('/') as [State, Doing?];
        phase = next;
        view.state = state;
        enter[doing](info);
        if (view.state !== info.previous || info.retryIn !== undefined) notify(listeners, view.state, info);
      }
    });

  /** Runs, in its turn, for as long as the present socket, or the attempt at one, counts. */
  const current = <Args extends readonly unknown[]>(
    run: (...args: Args) => void,
  ): ((...args: Args) => void) => {
    const from = generation;
    return (...args) =>
      enqueue(() => {
        if (from === generation) run(...args);
      });
  };

  /** The one timer of the phase. */
  const arm = (ms: number, run: () => void): void => {
    stopTimer();
    stopTimer = env.timer(ms, current(run));
  };

  /** In `connected`: leaves when the server asked for it, asks for a sign of life after a silence. */
  const watchSilence = (): void => {
    const left = (comeBackAt ?? heardAt + settings.pingInterval) - env.monotonic();
    if (left > 0) arm(left, watchSilence);
    else if (comeBackAt !== undefined) dispatch('due');
    else probe(settings.pongTimeout);
  };

  const probe = (timeout: number): void => {
    const late = env.monotonic() + timeout + lateTimer;
    heardAt = -1;
    send(JSON.stringify({ type: 'ping' }));
    arm(timeout, () => {
      if (heardAt >= 0) watchSilence();
      else if (env.monotonic() > late) probe(timeout);
      else {
        // A half-open socket would report its close minutes later.
        socket?.close(heartbeatClose.code, heartbeatClose.reason);
        dispatch('lost', heartbeatClose);
      }
    });
  };

  // A getToken that throws at once is no different from one that rejects.
  const withToken = (use: (token: Token) => void, failed: (error: unknown) => void): void => {
    void Promise.resolve().then(loadCodec).then(getToken).then(current(use), current(failed));
  };

  const open = (token?: Token): void => {
    try {
      const listener: SocketListener = {
        message: current(({ data }) => {
          heardAt = env.monotonic();
          receive(readFrame(data), token);
        }),
        close: current(({ code, reason }) =>
          dispatch(afterClose(code, reason), { code, reason, error: lastError }),
        ),
      };
      socket = dialWith(
        listener,
        socket,
        current(() => open(token)),
      );
    } catch (error) {
      refuse(error);
    }
  };

  // PROTOCOL.md §12
  const afterClose = (code: number, reason: string): MachineEvent => {
    const curable = getToken && code === 1008 && tokenReasons.includes(reason);
    if (mayReconnect(code, reason) || (curable && ++refusals < maxRefusals)) return 'lost';
    return code === 1000 ? 'disconnect' : 'refused';
  };

  const receive = (frame: Frame | undefined, token: Token): void => {
    const welcomed = view.connectionId;
    const { type, id = authId, expiresAt, after }: Partial<Frame> = frame ?? {};
    if (!frame || (!welcomed && type !== 'welcome' && type !== 'error')) events.frame();
    else if (type === 'welcome') {
      if (!welcomed) welcome(frame, token);
    } else if (type === 'error' && id === authId) onError(frame);
    else if (type === 'auth_success') {
      if (expiresAt) renewIn(Number(expiresAt) - env.now());
      enterAs(frame.userId);
    } else if (type === 'reconnect') {
      // PROTOCOL.md §10: the server spreads its clients over the window; its number counts if it closes early, too.
      comeBackAt = env.monotonic() + (readDelay(after) ?? 0);
      if (phase === 'connected') watchSilence();
    } else if (type !== 'pong') events.frame(frame);
  };

  const welcome = (frame: Frame, token: Token): void => {
    view.connectionId = frame.connectionId ?? '?';
    view.transport = socket?.transport ?? 'websocket';
    authenticate(token);
    const { authentication, userId, limits } = frame;
    if (!token && authentication === 'required') refuse(new ThrumError('authentication_required'));
    // What a server calls the anonymous is another name for each connection.
    else if (!token) enterAs(authentication === 'done' ? userId : undefined);
    events.welcome(limits);
  };

  // What waits to be sent belongs to the user who was here before; only the application knows what to do with it.
  const enterAs = (userId: string | undefined): void => {
    if ((view.userId ?? userId) === userId) dispatch('ready');
    else refuse(new ThrumError('user_mismatch'));
    view.userId = userId;
  };

  const refuse = (error: unknown): void => {
    dispatch('refused', { error });
  };

  const onError = (frame: Frame): void => {
    lastError = readError(frame);
    if (lastError.code === 'user_mismatch') refuse(lastError);
    // A renewal that could not be served now; one that was refused is followed by a close.
    else if (frame['id'] && phase === 'connected') renewIn(renewalRetry);
    else if (frame.channel) events.frame(frame);
  };

  const authenticate = (token: Token): void => {
    if (token) send(JSON.stringify({ type: 'auth', token, id: authId }));
  };

  const renewIn = (left: number): void => {
    stopRenewal();
    // A session that has just begun cannot be over: then this clock is wrong, and a tight loop would not right it.
    const delay = left > 0 ? Math.max(1000, left * 0.9) : 30_000;
    // When there is no token, the session still lives: ask again, up to the moment when the server ends it.
    stopRenewal = env.timer(delay, () => withToken(authenticate, () => renewIn(renewalRetry)));
  };

  const dialWith = createDialer(settings, (link) => {
    if (phase !== 'connected' || events.busy()) return false;
    better = link;
    dispatch('due');
    return true;
  });

  const send = (data: Encoded): void => {
    if (socket?.readyState === 1) socket.send(data);
  };

  return { view, listeners, dispatch, send };
};
