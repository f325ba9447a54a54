import { heartbeatClose } from '@thrum/protocol';
import type { Codec } from '@thrum/protocol';
import type { Env } from './env.ts';
import { isRaw, isText } from './wire.ts';
import type { Raw } from './wire.ts';

/** A frame as it travels. */
export type Encoded = string | Uint8Array;

/** The part of a WebSocket that the SDK uses; the browser's, Node's and `ws` fit. */
export interface SocketLike {
  readonly readyState: number;
  binaryType: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: unknown) => void): void;
}

export type SocketConstructor = new (url: string, protocols?: string | string[]) => SocketLike;

/** The settings of one socket. */
export interface LinkOptions {
  readonly url: string;
  readonly WebSocket?: SocketConstructor | undefined;
  readonly subprotocol: string | undefined;
  readonly codec: Codec;
  readonly env: Env;
  readonly pingInterval: number;
  readonly pongTimeout: number;
}

export interface LinkEvents {
  frame(frame: Raw): void;
  malformed(): void;
  /** At most once, and nothing after it. */
  closed(code: number, reason: string): void;
}

/** One socket, from dialing to its end. After `closed`, or `close()`, none of its events get through. */
export interface Link {
  /** Whether it was handed to the socket. */
  send(data: Encoded): boolean;
  /** Asks for a sign of life within `timeout` milliseconds, or gives the socket up. */
  probe(timeout: number): void;
  close(code: number, reason: string): void;
}

// A timer this late means that the machine slept or the page was throttled, and then the answer may only be waiting.
const lateTimer = 1000;
const socketOpen = 1;

/** Dials. Throws what `URL` and the WebSocket constructor throw: an address that no retry will cure. */
export function openLink(options: LinkOptions, events: LinkEvents): Link {
  const { env, codec, pingInterval, subprotocol } = options;
  const { WebSocket, location } = globalThis as Partial<typeof globalThis>;
  const url = new URL(options.url, location?.href);
  url.protocol = url.protocol.replace('http', 'ws');
  url.hash = '';
  const socket = new ((options.WebSocket ?? WebSocket) as SocketConstructor)(
    url.href,
    ...(subprotocol === undefined ? [] : [subprotocol]),
  );
  socket.binaryType = 'arraybuffer';
  let done = false;
  let received = 0;
  let heard = 0;
  let stopTimer = (): void => undefined;

  const send = (data: Encoded): boolean => {
    if (done || socket.readyState !== socketOpen) return false;
    try {
      socket.send(data as string | Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      return false;
    }
  };
  const finish = (): boolean => {
    stopTimer();
    return !done && (done = true);
  };
  const close = (code: number, reason: string): void => {
    try {
      if (finish()) socket.close(code, reason);
    } catch {
      // Already gone, or a WebSocket that refuses the code: either way it is no longer ours.
    }
  };
  const arm = (ms: number, run: () => void): void => {
    stopTimer();
    stopTimer = env.timer(ms, run);
  };
  // One timer, looked at when it fires: rearming it for each message would cost more.
  const watch = (): void => {
    const left = heard + pingInterval - env.monotonic();
    if (left > 0) arm(left, watch);
    else probe(options.pongTimeout);
  };
  const probe = (timeout: number, secondChance = true): void => {
    const before = received;
    const asked = env.monotonic();
    if (!send(codec.encode({ type: 'ping' }))) return;
    arm(timeout, () => {
      if (received !== before) watch();
      else if (secondChance && env.monotonic() - asked > timeout + lateTimer) probe(timeout, false);
      else {
        const { code, reason } = heartbeatClose;
        close(code, reason);
        // A half-open socket would report its close minutes later.
        events.closed(code, reason);
      }
    });
  };

  const listen = (type: string, run: (event: Raw) => void): void => {
    socket.addEventListener(type, (event) => {
      if (!done) run(event as Raw);
    });
  };
  listen('open', () => {
    heard = env.monotonic();
    watch();
  });
  listen('message', ({ data }) => {
    received += 1;
    heard = env.monotonic();
    const frame = decode(codec, data);
    if (frame === undefined) events.malformed();
    else events.frame(frame);
  });
  listen('close', ({ code, reason }) => {
    finish();
    events.closed(Number(code) || 1006, isText(reason) ? reason : '');
  });
  // Says nothing that the close after it does not; without a listener the `ws` package would throw.
  listen('error', () => undefined);

  return { send, probe, close };
}

function decode(codec: Codec, data: unknown): Raw | undefined {
  try {
    const value = codec.decode(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Encoded));
    return isRaw(value) && isText(value['type']) ? value : undefined;
  } catch {
    return undefined;
  }
}
