import type { Severable } from './network.ts';
import { redactUrl } from './redact.ts';

/** What the tap reports to; the frame inspector fits. */
export interface TapSink {
  frame(direction: 'in' | 'out', data: unknown): void;
  note(type: string, text: string): void;
}

export interface TapOptions {
  /** The real thing. */
  readonly WebSocket: new (url: string, protocols?: string | string[]) => WebSocket;
  readonly sink: TapSink;
  readonly isOnline: () => boolean;
  /** Called with each socket that dials; returns what to call when it is over. */
  readonly enter: (socket: Severable) => () => void;
}

export type TapConstructor = new (url: string, protocols?: string | string[]) => TapSocket;

const connecting = 0;
const open = 1;
const closed = 3;

/** Not a code of the protocol: it only tells the server's log who hung up. */
const killedCode = 4400;

/**
 * As much of a WebSocket as the SDK uses, that can be watched and cut. A page cannot break a TCP connection, so a cut
 * socket reports 1006 to its owner at once and never speaks again, while the real one behind it is closed.
 */
export class TapSocket extends EventTarget implements Severable {
  readonly #sink: TapSink;
  readonly #url: string;
  readonly #inner: WebSocket | undefined;
  readonly #leave: () => void;
  #over = false;

  constructor(options: TapOptions, url: string, protocols?: string | string[]) {
    super();
    this.#url = redactUrl(url);
    this.#sink = options.sink;
    if (options.isOnline()) {
      this.#inner = new options.WebSocket(url, protocols);
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

  get binaryType(): BinaryType {
    return this.#inner?.binaryType ?? 'blob';
  }

  set binaryType(type: BinaryType) {
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

  #listen(inner: WebSocket): void {
    inner.addEventListener('open', () => {
      if (this.#over) return;
      this.#sink.note('opened', this.#url);
      this.dispatchEvent(new Event('open'));
    });
    inner.addEventListener('message', ({ data }) => {
      if (this.#over) return;
      this.#sink.frame('in', data);
      this.dispatchEvent(new MessageEvent('message', { data }));
    });
    inner.addEventListener('error', () => {
      if (!this.#over) this.dispatchEvent(new Event('error'));
    });
    inner.addEventListener('close', ({ code, reason, wasClean }) => {
      if (this.#over) return;
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

/** A constructor with the options filled in, as the SDK's `WebSocket` option asks for. */
export function createTap(options: TapOptions): TapConstructor {
  return class extends TapSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(options, url, protocols);
    }
  };
}
