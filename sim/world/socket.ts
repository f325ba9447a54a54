import type { SocketConstructor, SocketLike } from '@thrum/client';
import type { Cable } from './cable.ts';

/** What a new socket is plugged into; `undefined` where packets vanish. */
export type Dial = (socket: SimSocket) => Cable | undefined;

/** A browser's WebSocket as far as the SDK can tell. */
export class SimSocket implements SocketLike {
  readyState = 0;
  binaryType = '';
  private readonly listeners = new Map<string, ((event: unknown) => void)[]>();
  private readonly cable: Cable | undefined;

  constructor(dial: Dial) {
    this.cable = dial(this);
  }

  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  send(data: string | Uint8Array): void {
    if (this.readyState === 1) this.cable?.fromClient(String(data));
  }

  close(code = 1005): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    this.cable?.closeFromClient(code);
  }

  opened(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.emit('open', {});
  }

  /** A browser still hands over what arrives while it is closing. */
  message(data: string): void {
    if (this.readyState === 1 || this.readyState === 2) this.emit('message', { data });
  }

  closed(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', { code, reason });
  }

  private emit(type: string, event: unknown): void {
    for (const listener of this.listeners.get(type) ?? []) listener(event);
  }
}

/** The class that an SDK is given: every socket it makes goes through `dial`. */
export function socketClass(dial: Dial): SocketConstructor {
  return class extends SimSocket {
    constructor() {
      super(dial);
    }
  };
}
