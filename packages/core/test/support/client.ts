import { type Codec, jsonCodec } from '@thrum/protocol';
import type { Core, Handshake, Session, Transport } from '../../src/index.ts';

/** A server frame as a test looks at it. */
export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ClientOptions {
  readonly codec?: Codec;
  /** When the transport is gone after `close`: in a moment, before `close` returns, or when the test says so. */
  readonly closes?: 'soon' | 'at once' | 'never';
}

/** A connection over memory: what the server sent is here, decoded. */
export class TestClient {
  readonly frames: Frame[] = [];
  /** The code and reason that the server closed with. */
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  /** While the network is stuck, what was sent piles up in the transport. */
  stuck = false;
  bufferedBytes = 0;
  private readonly session: Session;
  private readonly codec: Codec;

  constructor(core: Core, handshake: Handshake, { codec = jsonCodec, closes = 'soon' }: ClientOptions = {}) {
    this.codec = codec;
    const close = (code: number, reason: string): void => {
      if (this.closedWith !== undefined) return;
      this.closedWith = { code, reason };
      if (closes === 'soon') void Promise.resolve().then(() => this.session.closed(code, reason));
      if (closes === 'at once') this.session.closed(code, reason);
    };
    this.session = core.accept(this.transport(close), handshake);
  }

  get id(): string {
    return this.session.connectionId;
  }

  send(frame: object): void {
    this.raw(JSON.stringify(frame));
  }

  raw(message: string | Uint8Array): void {
    this.session.receive(message);
  }

  /** The network breaks. */
  drop(): void {
    this.session.closed(1006, '');
  }

  /** The network takes what has piled up. */
  flow(): void {
    this.stuck = false;
    this.bufferedBytes = 0;
    this.session.drained();
  }

  /** The transport takes what has piled up and is stuck again at once. */
  sip(): void {
    this.bufferedBytes = 0;
    this.session.drained();
  }

  all(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The newest frame of this type. */
  last(type: string): Frame | undefined {
    return this.frames.findLast((frame) => frame.type === type);
  }

  /** The frames that answer an id. */
  answers(id: string | number): Frame[] {
    return this.frames.filter((frame) => frame['id'] === id && frame['timestamp'] === undefined);
  }

  /** Offsets of the publications that came, in order. */
  offsets(channel?: string): unknown[] {
    return this.publications(channel).map((frame) => frame['offset']);
  }

  publications(channel?: string): Frame[] {
    return this.frames.filter(
      (frame) => frame['timestamp'] !== undefined && (channel === undefined || frame['channel'] === channel),
    );
  }

  /** Forgets what has come, so that a test can look at what comes next. */
  clear(): void {
    this.frames.length = 0;
  }

  private transport(close: (code: number, reason: string) => void): Transport {
    const buffered = (): number => this.bufferedBytes;
    return {
      kind: 'memory',
      codec: this.codec,
      get bufferedBytes() {
        return buffered();
      },
      send: (message) => {
        if (this.closedWith !== undefined) return;
        if (this.stuck) this.bufferedBytes += message.byteLength;
        this.frames.push(this.codec.decode(message as Uint8Array) as Frame);
      },
      close,
    };
  }
}
