/** One frame in the form in which a transport sends it: bytes, or what it makes of them. The core asks for its size alone. */
export interface WireForm {
  readonly byteLength: number;
}

/**
 * How the frames of a transport are written and read. Laws: `encode` is pure, for what it gives is made once and shared by all
 * connections with this codec; text stands for its UTF-8. `decode` throws on what is no single value. The codecs of
 * `@thrum/protocol` fit.
 */
export interface FrameCodec {
  encode(frame: object): string | WireForm;
  decode(message: string | Uint8Array): unknown;
}

/**
 * The smallest socket that works: what a WebSocket, a stream or a test's memory pipe offers the core.
 *
 * Laws: messages arrive in the order of `send`; `send`, `close` and `terminate` never throw and do nothing once the
 * transport is closed; `close` delivers what was sent before it; what is given to `send` is shared between connections
 * and must not be changed.
 */
export interface Transport {
  /** `websocket`, `sse`, …; for operations and metrics. */
  readonly kind: string;
  readonly codec: FrameCodec;
  /** Where the peer is, as far as that is known. */
  readonly address?: string | undefined;
  /** Bytes handed over by `send` that the network has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Sends one frame, encoded by this transport's codec (text has become its UTF-8), as one message. A transport may hold it
   * to the end of the turn, to write it with what else the turn brings.
   * @param isLast nothing more is to be expected in this turn, so holding it gains nothing.
   */
  send(message: WireForm, isLast?: boolean): void;
  /**
   * Sends several frames, each as a message of its own: what `send` does with each in turn, in one write to the network.
   * Many connections are given the very same array, so what a transport makes of it can be used again. Absent where a
   * transport gains nothing by it.
   */
  sendAll?(messages: readonly WireForm[], isLast?: boolean): void;
  /** Ends the connection in the transport's own polite way. */
  close(code: number, reason: string): void;
}

/** What the core wants to hear from the transport. It is the answer to `accept`, so its life is the connection's. */
export interface Session {
  readonly connectionId: string;
  /** One whole message. Never throws; bad input is answered on the wire. */
  receive(message: string | Uint8Array): void;
  /** `bufferedBytes` has fallen; more may be sent. */
  drained(): void;
  /** The transport is gone, whoever ended it. Nothing is called afterwards. */
  closed(code: number, reason: string): void;
}
