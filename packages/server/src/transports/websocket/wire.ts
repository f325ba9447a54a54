import type { Codec } from '@thrum/protocol';
import type { Heartbeat } from '../heartbeat.ts';
import type { WebSocketConnection } from './connection.ts';
import type { Deflater } from './deflater.ts';
import { WebSocketCodec } from './frames.ts';
import { Receiver, type Rules } from './thrum/receiver.ts';
import type { TurnWriter } from './turn-writer.ts';

/** What all connections of a server share. */
export interface Shared {
  readonly heartbeat: Heartbeat<WebSocketConnection>;
  readonly writer: TurnWriter;
}

/** What all connections of a server share that speak the same codec, compressed or not. */
export class Wire {
  readonly codec: WebSocketCodec;
  readonly receiver: Receiver;
  readonly heartbeat: Heartbeat<WebSocketConnection>;
  readonly writer: TurnWriter;

  constructor(codec: WebSocketCodec, receiver: Receiver, { heartbeat, writer }: Shared) {
    this.codec = codec;
    this.receiver = receiver;
    this.heartbeat = heartbeat;
    this.writer = writer;
  }
}

/** The {@link Wire} of each codec, with and without compression. */
export class Wires {
  private readonly shared: Shared;
  private readonly rules: Omit<Rules, 'deflate'>;
  private readonly deflater: Deflater | undefined;
  private readonly made = new Map<Codec, Map<boolean, Wire>>();

  /** @param deflater for connections that have agreed on permessage-deflate; absent: none may */
  constructor(shared: Shared, rules: Omit<Rules, 'deflate'>, deflater: Deflater | undefined) {
    this.shared = shared;
    this.rules = rules;
    this.deflater = deflater;
  }

  /** Whether connections may agree on permessage-deflate. */
  get compress(): boolean {
    return this.deflater !== undefined;
  }

  of(codec: Codec, deflate: boolean): Wire {
    let wires = this.made.get(codec);
    if (wires === undefined) this.made.set(codec, (wires = new Map()));
    let wire = wires.get(deflate);
    if (wire === undefined) {
      const { messageBytes, fragments } = this.rules;
      const receiver = new Receiver({ messageBytes, fragments, deflate });
      const frames = new WebSocketCodec(codec, deflate ? this.deflater : undefined);
      wires.set(deflate, (wire = new Wire(frames, receiver, this.shared)));
    }
    return wire;
  }
}
