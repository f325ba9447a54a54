import type { SocketConstructor, SocketLike } from '@thrum/client';
import type { Severable } from './network.ts';
import { redactUrl } from './redact.ts';
import { transportLabel } from './transport-choice.ts';

/** What the tap reports to; the frame inspector fits. */
export interface TapSink {
  frame(direction: 'in' | 'out', data: unknown): void;
  note(type: string, text: string): void;
}

export interface TapOptions {
  readonly sink: TapSink;
  readonly isOnline: () => boolean;
  /** Called with each socket that dials; returns what to call when it is over. */
  readonly enter: (socket: Severable) => () => void;
}

const connecting = 0;
const open = 1;
const closed = 3;

/** Not a code of the protocol: it only tells the server's log who hung up. */
const killedCode = 4400;

/**
 * As much of a WebSocket as the SDK uses, that can be watched and cut. A page cannot break a TCP connection, so a cut
 * socket reports 1006 to its owner at once and never speaks again, while the real one behind it is closed.
 */
export class TapSocket extends EventTarget implements SocketLike, Severable {
  readonly #sink: TapSink;
  readonly #url: string;
  readonly #inner: SocketLike | undefined;
  readonly #leave: () => void;
  #over = false;

  /** @param dial makes the real thing, at this address */
  constructor(options: TapOptions, url: string, dial: () => SocketLike) {
    super();
    this.#url = redactUrl(url);
    this.#sink = options.sink;
    if (options.isOnline()) {
      this.#inner = dial();
      this.#listen(this.#inner);
    } else {
      // A dial never fails before its constructor has returned: the owner has yet to add its listeners.
      setTimeout(() => this.sever('offline'), 0);
    }
    this.#leave = options.enter(this);
  }

  get readyState(): number {
    return this.#over ? closed : (this.#inner?.readyState ?? connecting);
  }

  get binaryType(): string {
    return this.#inner?.binaryType ?? 'blob';
  }

  set binaryType(type: string) {
    if (this.#inner !== undefined) this.#inner.binaryType = type;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#over) return;
    if (this.#inner === undefined) throw new DOMException('Still in CONNECTING state.', 'InvalidStateError');
    this.#inner.send(data);
    if (this.#inner.readyState === open) this.#sink.frame('out', data);
  }

  close(code?: number, reason?: string): void {
    if (this.#inner === undefined) this.sever('offline');
    else if (!this.#over) this.#inner.close(code, reason);
  }

  sever(why: string): void {
    if (this.#over) return;
    const wasOpen = this.#inner?.readyState === open;
    this.#end(`1006 (${why})`);
    if (wasOpen) this.#inner?.close(killedCode, 'Killed in the playground');
    else this.#inner?.close();
    this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', { code: 1006, reason: '', wasClean: false }));
  }

  #listen(inner: SocketLike): void {
    inner.addEventListener('open', () => {
      if (this.#over) return;
      this.#sink.note('opened', this.#url);
      this.dispatchEvent(new Event('open'));
    });
    inner.addEventListener('message', (event) => {
      if (this.#over) return;
      const { data } = event as MessageEvent;
      this.#sink.frame('in', data);
      this.dispatchEvent(new MessageEvent('message', { data }));
    });
    inner.addEventListener('error', () => {
      if (!this.#over) this.dispatchEvent(new Event('error'));
    });
    inner.addEventListener('close', (event) => {
      if (this.#over) return;
      const { code, reason, wasClean } = event as CloseEvent;
      this.#end(reason === '' ? String(code) : `${code} ${reason}`);
      this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
    });
  }

  #end(how: string): void {
    this.#over = true;
    this.#leave();
    this.#sink.note('closed', how);
  }
}

/** The options `WebSocket` and `http.wrap` of the SDK: every socket of a page goes through the tap. */
export interface Taps {
  readonly WebSocket: SocketConstructor;
  readonly wrap: (dial: () => SocketLike, transport: string) => SocketLike;
}

export function createTaps(Real: SocketConstructor, options: TapOptions): Taps {
  return {
    WebSocket: class extends TapSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(options, url, () => new Real(url, protocols));
      }
    },
    wrap: (dial, transport) => new TapSocket(options, transportLabel(transport), dial),
  };
}
