import { closeCodes } from '@thrum/protocol';
import type { Codec } from '@thrum/protocol';
import type { Env } from './env.ts';
import { isRaw } from './wire.ts';
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

export interface LinkOptions {
  readonly url: string;
  readonly WebSocket: SocketConstructor;
  readonly codec: Codec;
  readonly subprotocol: string | undefined;
  readonly env: Env;
  /** Milliseconds of silence before a ping. */
  readonly pingInterval: number;
  /** Milliseconds to hear anything at all after it. */
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

/** Dials. Throws what the WebSocket constructor throws: an address that no retry will cure. */
export function openLink(options: LinkOptions, events: LinkEvents): Link {
  const { env, codec, pingInterval, pongTimeout, subprotocol } = options;
  const socket = new options.WebSocket(options.url, ...(subprotocol === undefined ? [] : [subprotocol]));
  socket.binaryType = 'arraybuffer';
  let done = false;
  let received = 0;
  let heard = 0;
  let stopTimer: () => void = () => undefined;

  const send = (data: Encoded): boolean => {
    if (done || socket.readyState !== socketOpen) return false;
    try {
      socket.send(data as string | Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      return false;
    }
  };
  const stop = (): boolean => {
    if (done) return false;
    done = true;
    stopTimer();
    return true;
  };
  const closeSocket = (code: number, reason: string): void => {
    try {
      socket.close(code, reason);
    } catch {
      // Already gone, or a WebSocket that refuses the code: either way it is no longer ours.
    }
  };
  const arm = (ms: number, run: () => void): void => {
    stopTimer();
    stopTimer = env.timer(ms, run);
  };
  // One timer for as long as the socket lives, checked when it fires: rearming it for each message would cost more.
  const watch = (): void => {
    arm(Math.max(0, heard + pingInterval - env.monotonic()), () => {
      if (env.monotonic() - heard >= pingInterval) probe(pongTimeout);
      else watch();
    });
  };
  const probe = (timeout: number, secondChance = true): void => {
    if (done || socket.readyState !== socketOpen) return;
    const before = received;
    const asked = env.monotonic();
    send(codec.encode({ type: 'ping' }));
    arm(timeout, () => {
      if (received !== before) watch();
      else if (secondChance && env.monotonic() - asked > timeout + lateTimer) probe(timeout, false);
      else if (stop()) {
        const { code, reason } = closeCodes.heartbeat;
        closeSocket(code, reason);
        // A half-open socket would report its close minutes later.
        events.closed(code, reason);
      }
    });
  };

  socket.addEventListener('open', () => {
    if (done) return;
    heard = env.monotonic();
    watch();
  });
  socket.addEventListener('message', (event) => {
    if (done) return;
    received += 1;
    heard = env.monotonic();
    const frame = decode(codec, (event as { readonly data?: unknown }).data);
    if (frame === undefined) events.malformed();
    else events.frame(frame);
  });
  socket.addEventListener('close', (event) => {
    if (!stop()) return;
    const { code, reason } = event as { readonly code?: unknown; readonly reason?: unknown };
    events.closed(typeof code === 'number' ? code : 1006, typeof reason === 'string' ? reason : '');
  });
  // Says nothing that the close after it does not; without a listener the `ws` package would throw.
  socket.addEventListener('error', () => undefined);

  return {
    send,
    probe: (timeout) => probe(timeout),
    close: (code, reason) => {
      if (stop()) closeSocket(code, reason);
    },
  };
}

function decode(codec: Codec, data: unknown): Raw | undefined {
  try {
    const value = codec.decode(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Encoded));
    return isRaw(value) && typeof value['type'] === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
