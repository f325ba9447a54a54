import type { SocketConstructor, SocketLike } from '../../src/socket-like.ts';

export type Frame = Record<string, unknown>;

/** One socket as the server sees it. */
export interface FakeSocket {
  readonly url: string;
  /** Every frame the client sent on it, decoded, oldest first. */
  readonly sent: Frame[];
  /** Whether the server has closed it. */
  readonly isClosed: boolean;
  /** What the client closed it with. */
  readonly closedBy: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  open(): void;
  send(frame: unknown): void;
  /** Sends exactly this. */
  raw(data: unknown): void;
  error(): void;
  /** The server closes, or the network does (1006). */
  close(code?: number, reason?: string): void;
  /** Opens and greets, as most tests want. */
  accept(welcome?: Frame): void;
  /** The last frame of this type. */
  last(type: string): Frame;
  all(type: string): Frame[];
  /** Answers the last `subscribe` of this channel. */
  subscribed(channel: string, fields?: Frame): void;
  publish(channel: string, offset: number, fields?: Frame): void;
}

export interface FakeServer {
  readonly WebSocket: SocketConstructor;
  readonly sockets: FakeSocket[];
  /** The newest socket. */
  readonly socket: FakeSocket;
  /** Called with each frame a client sends; for servers that answer by themselves. */
  onFrame: (socket: FakeSocket, frame: Frame) => void;
  onDial: (socket: FakeSocket) => void;
}

export const welcome: Frame = {
  type: 'welcome',
  message: 'Connected to server',
  connectionId: 'c1',
  protocol: 1,
  authentication: 'optional',
  heartbeat: { interval: 30_000, timeout: 35_000 },
  limits: { message: 65_536, channels: 100, rate: 50, history: 300 },
};

/** A server whose every step the test takes itself. */
export function createFakeServer(): FakeServer {
  const sockets: FakeSocket[] = [];
  const server: FakeServer = {
    sockets,
    onFrame: () => undefined,
    onDial: () => undefined,
    get socket() {
      const newest = sockets.at(-1);
      if (newest === undefined) throw new Error('nobody dialed');
      return newest;
    },
    WebSocket: class implements SocketLike {
      readyState = 0;
      binaryType = '';
      private readonly peer: FakeSocket;
      private readonly listeners = new Map<string, ((event: unknown) => void)[]>();

      constructor(url: string) {
        this.peer = createPeer(url, this.control());
        sockets.push(this.peer);
        server.onDial(this.peer);
      }

      send(data: string | Uint8Array): void {
        const frame = JSON.parse(String(data)) as Frame;
        this.peer.sent.push(frame);
        server.onFrame(this.peer, frame);
      }

      close(code?: number, reason?: string): void {
        if (this.readyState >= 2) return;
        this.readyState = 2;
        Object.assign(this.peer, { closedBy: { code, reason } });
      }

      addEventListener(type: string, listener: (event: unknown) => void): void {
        this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
      }

      private control(): Control {
        return {
          setState: (state) => {
            this.readyState = state;
          },
          emit: (type, event) => {
            for (const listener of this.listeners.get(type) ?? []) listener(event);
          },
        };
      }
    },
  };
  return server;
}

/** How a {@link FakeSocket} reaches its client. */
export interface Control {
  setState(state: number): void;
  emit(type: string, event: unknown): void;
}

export function createPeer(url: string, { setState, emit }: Control): FakeSocket {
  const peer: FakeSocket = {
    url,
    sent: [],
    isClosed: false,
    closedBy: undefined,
    open: () => {
      setState(1);
      emit('open', {});
    },
    raw: (data) => emit('message', { data }),
    send: (frame) => peer.raw(JSON.stringify(frame)),
    error: () => emit('error', {}),
    close: (code = 1006, reason = '') => {
      setState(3);
      Object.assign(peer, { isClosed: true });
      emit('close', { code, reason });
    },
    accept: (fields = {}) => {
      peer.open();
      peer.send({ ...welcome, ...fields });
    },
    all: (type) => peer.sent.filter((frame) => frame['type'] === type),
    last: (type) => {
      const frame = peer.all(type).at(-1);
      if (frame === undefined) throw new Error(`no ${type} was sent`);
      return frame;
    },
    subscribed: (channel, fields = {}) => {
      const { id } =
        peer
          .all('subscribe')
          .filter((frame) => frame['channel'] === channel)
          .at(-1) ?? {};
      peer.send({ type: 'subscribed', channel, position: at(0), recovered: false, id, ...fields });
    },
    publish: (channel, offset, fields = {}) => {
      peer.send({ type: 'message', channel, data: offset, ...at(offset), timestamp: 1, ...fields });
    },
  };
  return peer;
}

/** A position in the epoch that tests use. */
export function at(offset: number, epoch = 'e1'): { readonly epoch: string; readonly offset: number } {
  return { epoch, offset };
}
