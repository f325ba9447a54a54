import type { Codec } from '@thrum/protocol';
import type { Heartbeat } from '../heartbeat.ts';
import type { WebSocketConnection } from './connection.ts';
import { Framer } from './frames.ts';
import type { TurnWriter } from './turn-writer.ts';

/** What all connections of a server that speak the same codec share. */
export class Wire {
  readonly codec: Codec;
  readonly framer: Framer;
  readonly heartbeat: Heartbeat<WebSocketConnection>;
  readonly writer: TurnWriter;

  constructor(codec: Codec, heartbeat: Heartbeat<WebSocketConnection>, writer: TurnWriter) {
    this.codec = codec;
    this.framer = new Framer(codec.binary);
    this.heartbeat = heartbeat;
    this.writer = writer;
  }
}
