import type { Heartbeat } from '../heartbeat.ts';
import type { WebSocketConnection } from './connection.ts';
import type { WebSocketCodec } from './frames.ts';
import type { TurnWriter } from './turn-writer.ts';

/** What all connections of a server that speak the same codec share. */
export class Wire {
  readonly codec: WebSocketCodec;
  readonly heartbeat: Heartbeat<WebSocketConnection>;
  readonly writer: TurnWriter;

  constructor(codec: WebSocketCodec, heartbeat: Heartbeat<WebSocketConnection>, writer: TurnWriter) {
    this.codec = codec;
    this.heartbeat = heartbeat;
    this.writer = writer;
  }
}
