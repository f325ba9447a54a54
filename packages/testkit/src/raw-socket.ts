import { WebSocket } from 'ws';

/** What a {@link RawSocket} reports. */
export interface RawListener {
  text(text: string): void;
  binary(data: Buffer): void;
  pong(payload: Buffer): void;
  closed(code: number, reason: string): void;
}

/** One connection to a server by one transport: what a raw client needs of it. */
export interface RawSocket {
  /** The subprotocol that the server chose, where there is such a thing. */
  readonly protocol: string;
  /** Reports to `listener` from now on, what came before included. */
  start(listener: RawListener): void;
  send(message: string | Uint8Array): void;
  ping(payload: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Cuts the connection without a word. */
  terminate(): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
}

export function webSocketOf(socket: WebSocket): RawSocket {
  return {
    get protocol() {
      return socket.protocol;
    },
    start(listener) {
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) listener.binary(data);
        else listener.text(data.toString('utf8'));
      });
      socket.on('pong', (data) => listener.pong(data));
      socket.on('error', () => {}); // `close` follows and says the rest
      socket.on('close', (code, reason) => listener.closed(code, reason.toString()));
    },
    send: (message) => socket.send(message),
    ping: (payload) => socket.ping(payload),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
