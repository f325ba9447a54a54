import type { Duplex } from 'node:stream';
import { closeCodes } from '@thrum/protocol';
import { WebSocket } from 'ws';
import { WebSocketConnection } from '../connection.ts';
import { reasonBytes } from '../frames.ts';
import type { Wire } from '../wire.ts';
import { follow, type Unfinished } from './unfinished.ts';

/** What ws closes with by itself, without a reason; PROTOCOL.md §12 has one for each. */
const reasons: ReadonlyMap<number, string> = new Map(
  [
    closeCodes.protocolError,
    closeCodes.invalidUtf8,
    closeCodes.fragments,
    closeCodes.tooBig,
    closeCodes.internal,
  ].map(({ code, reason }) => [code, reason]),
);

/** ws's class, which tells its owner when it closes: by itself it would do so without what the owner still holds. */
export class OwnedWebSocket extends WebSocket {
  owner: WsConnection | undefined = undefined;

  /** Called by the owner, and by ws for a violation or as the echo of the peer's close frame (a Buffer or no code). */
  override close(code?: number, reason?: string | Buffer): void {
    if (code === undefined || typeof reason === 'object') {
      this.owner?.flush();
      super.close(code, reason);
      return;
    }
    const text = reason ?? reasons.get(code) ?? '';
    this.owner?.closes(code, text);
    super.close(code, reasonBytes(text));
  }
}

/** A WebSocket whose frames are read by ws. */
export class WsConnection extends WebSocketConnection {
  unfinished: Unfinished | undefined = undefined;
  private readonly ws: OwnedWebSocket;

  constructor(ws: OwnedWebSocket, socket: Duplex, wire: Wire) {
    super(socket, wire);
    this.ws = ws;
    ws.owner = this;
    ws.on('message', (data: Buffer, isBinary) => this.message(isBinary ? data : data.toString()));
    // `close` follows, with the code.
    ws.on('error', () => undefined);
    ws.on('close', (code, reason) => this.gone(code, reason.toString()));
    // After ws, which has read the same chunk by then.
    socket.on('data', (chunk: Buffer) => this.saw(chunk));
    wire.heartbeat.add(this);
  }

  protected get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  close(code: number, reason: string): void {
    this.ws.close(code, reason);
  }

  /** This side closes. */
  closes(code: number, reason: string): void {
    if (this.isOpen) this.ending ??= { code, reason };
    this.flush();
  }

  private message(message: string | Buffer): void {
    // What comes after our close frame is not handled any more.
    if (this.isOpen) this.session?.receive(message);
  }

  private gone(code: number, reason: string): void {
    this.unfinished = undefined;
    const ending = this.ending ?? { code, reason };
    this.ended(ending.code, ending.reason);
  }

  private saw(chunk: Buffer): void {
    const { heartbeat } = this.wire;
    this.seenTick = heartbeat.tick;
    if (!this.isOpen) return;
    const before = this.unfinished;
    this.unfinished = follow(chunk, before, heartbeat.tick);
    if (this.unfinished === undefined) {
      if (before !== undefined) heartbeat.finished(this);
    } else if (before === undefined) heartbeat.began(this);
  }
}
