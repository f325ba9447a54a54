import type { Duplex } from 'node:stream';
import type { Session, Transport } from '@thrum/core';
import { type CloseInfo, type Codec, closeCodes } from '@thrum/protocol';
import { WebSocket } from 'ws';
import { codecOf } from './codecs.ts';
import { frameOf, framesOf, pingFrame } from './frames.ts';
import type { Beating, Heartbeat } from '../heartbeat.ts';
import { follow, type Unfinished } from './unfinished.ts';

/** Under this key a socket knows its connection, so that all of them can share one listener. */
const connectionOf: unique symbol = Symbol('thrum.connection');

type Tagged = Duplex & { [connectionOf]?: WebSocketConnection };

const nothing: Buffer = Buffer.alloc(0);

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

/**
 * One WebSocket as the core's Transport. It extends ws's class, and takes its events by overriding `emit`, because every
 * object, listener and closure of an idle connection is paid for as often as there are connections.
 */
export class WebSocketConnection extends WebSocket implements Transport, Beating {
  seenTick = 0;
  pingTick = 0;
  unfinished: Unfinished | undefined = undefined;
  private socket: Tagged | undefined = undefined;
  private session: Session | undefined = undefined;
  private heartbeat: Heartbeat<WebSocketConnection> | undefined = undefined;
  /** How this side ended it; absent while it lives, and when the peer did. */
  private ending: CloseInfo | undefined = undefined;
  private waiting = false;

  get kind(): string {
    return 'websocket';
  }

  get codec(): Codec {
    return codecOf(this.protocol);
  }

  get bufferedBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  /** Takes the socket that was handed to `handleUpgrade`; the WebSocket is open. */
  open(socket: Duplex, heartbeat: Heartbeat<WebSocketConnection>): void {
    this.socket = socket;
    this.heartbeat = heartbeat;
    this.socket[connectionOf] = this;
    socket.on('data', onData);
    heartbeat.add(this);
  }

  attach(session: Session): void {
    this.session = session;
  }

  override send(message: Uint8Array): void {
    if (this.readyState === WebSocket.OPEN) this.write(frameOf(message, this.codec.binary));
  }

  sendAll(messages: readonly Uint8Array[]): void {
    if (this.readyState === WebSocket.OPEN) this.write(framesOf(messages, this.codec.binary));
  }

  /** The heartbeat's ping: all connections share its bytes. */
  beat(): void {
    if (this.readyState === WebSocket.OPEN) this.write(pingFrame);
  }

  /** Called by the core, and by ws for a violation or as the echo of the peer's close frame (a Buffer or no code). */
  override close(code?: number, reason?: string | Buffer): void {
    const own = code !== undefined && typeof reason !== 'object';
    const text = own ? (reason ?? reasons.get(code) ?? '') : reason;
    if (own && this.readyState === WebSocket.OPEN) this.ending ??= { code, reason: String(text) };
    super.close(code, text);
  }

  /** The peer is silent or never finishes a message: it gets the close frame if it still reads, and no more time. */
  giveUp(): void {
    this.close(closeCodes.heartbeat.code, closeCodes.heartbeat.reason);
    this.terminate();
  }

  /** ws speaks through `emit` only; see the class comment. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event === 'message') this.received(values[0] as Buffer, values[1] as boolean);
    else if (event === 'close') this.ended(values[0] as number, values[1] as Buffer);
    // An `error` is followed by `close`, which carries the code; `ping` is answered by ws.
    return true;
  }

  private received(data: Buffer, isBinary: boolean): void {
    // What comes after our close frame is not handled any more.
    if (this.readyState !== WebSocket.OPEN) return;
    this.session?.receive(isBinary ? data : data.toString());
  }

  private ended(code: number, reason: Buffer): void {
    this.heartbeat?.delete(this);
    this.socket?.off('data', onData);
    this.socket = undefined;
    this.unfinished = undefined;
    const { code: endCode, reason: endReason } = this.ending ?? { code, reason: reason.toString() };
    const { session } = this;
    this.session = undefined;
    session?.closed(endCode, endReason);
  }

  private write(frame: Buffer): void {
    const { socket } = this;
    if (socket === undefined || !socket.writable) return;
    socket.write(frame);
    // `drain` comes only after a full buffer, but the core waits as soon as anything is left over: an empty write behind
    // the rest tells when it is gone.
    if (this.waiting || socket.writableLength === 0) return;
    this.waiting = true;
    socket.write(nothing, (error) => this.flushed(error));
  }

  private flushed(error: Error | null | undefined): void {
    this.waiting = false;
    if (error == null) this.session?.drained();
  }

  /** After ws has read the same chunk. */
  saw(chunk: Buffer): void {
    const { heartbeat } = this;
    if (heartbeat === undefined) return;
    this.seenTick = heartbeat.tick;
    if (this.readyState !== WebSocket.OPEN) return;
    const before = this.unfinished;
    const after = follow(chunk, before, heartbeat.tick);
    this.unfinished = after;
    if (after === undefined) {
      if (before !== undefined) heartbeat.finished(this);
    } else if (before === undefined) heartbeat.began(this);
  }
}

function onData(this: Tagged, chunk: Buffer): void {
  this[connectionOf]?.saw(chunk);
}
