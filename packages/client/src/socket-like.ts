/** A frame as JSON text, which is what every transport of the SDK takes; a binary codec makes its bytes of it. */
export type Encoded = string;

/**
 * How frames travel: `websocket` · `sse`, a stream of events down and POSTs up · `longpoll`, POSTs both ways
 * (PROTOCOL.md §1, §17).
 */
export type TransportName = 'websocket' | 'sse' | 'longpoll';

/** How frames are written over WebSocket (PROTOCOL.md §1, §18). */
export type CodecName = 'json' | 'msgpack' | 'protobuf';

/** The part of a WebSocket that the SDK uses; the browser's, Node's and `ws` fit, and so do the transports over HTTP. */
export interface SocketLike {
  readonly readyState: number;
  binaryType: string;
  /** Called when `readyState` is 1 only. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: unknown) => void): void;
}

export type SocketConstructor = new (url: string, protocols?: string | string[]) => SocketLike;
