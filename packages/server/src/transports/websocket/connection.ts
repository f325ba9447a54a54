import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Session, Transport } from '@thrum/core';
import { type CloseInfo, closeCodes } from '@thrum/protocol';
import { WebSocket } from 'ws';
import type { Beating } from '../heartbeat.ts';
import { pingFrame, type WebSocketCodec } from './frames.ts';
import type { Writing } from './turn-writer.ts';
import { follow, type Unfinished } from './unfinished.ts';
import type { Wire } from './wire.ts';

/** Under this key a socket knows its connection, so that all of them can share one listener. */
const connectionOf: unique symbol = Symbol('thrum.connection');

type Tagged = Duplex & { [connectionOf]?: WebSocketConnection };

const nothing: Buffer = Buffer.alloc(0);

/** What waits for the end of the turn goes out early when it is so much: the kernel may have room for it now. */
const mostHeldBytes = 65_536;

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
export class WebSocketConnection extends WebSocket implements Transport, Beating, Writing {
  seenTick = 0;
  pingTick = 0;
  unfinished: Unfinished | undefined = undefined;
  private socket: Tagged | undefined = undefined;
  private session: Session | undefined = undefined;
  private wire: Wire | undefined = undefined;
  /** Frames for the end of the turn. */
  private held: Buffer | Buffer[] | undefined = undefined;
  private heldBytes = 0;
  /** How this side ended it; absent while it lives, and when the peer did. */
  private ending: CloseInfo | undefined = undefined;
  private waiting = false;

  get kind(): string {
    return 'websocket';
  }

  get codec(): WebSocketCodec {
    return (this.wire as Wire).codec;
  }

  /** Asked for when somebody wants to know: the kernel is asked, and Node keeps the answer. */
  get address(): string | undefined {
    return (this.socket as Socket | undefined)?.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.heldBytes + (this.socket?.writableLength ?? 0);
  }

  /** Takes the socket that was handed to `handleUpgrade`; the WebSocket is open. */
  open(socket: Duplex, wire: Wire): void {
    this.socket = socket;
    this.wire = wire;
    this.socket[connectionOf] = this;
    socket.on('data', onData);
    wire.heartbeat.add(this);
  }

  attach(session: Session): void {
    this.session = session;
  }

  override send(message: Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.hold(message);
  }

  sendAll(messages: readonly Buffer[]): void {
    if (this.readyState === WebSocket.OPEN) this.hold(this.codec.join(messages));
  }

  /** The heartbeat's ping: all connections share its bytes. */
  beat(): void {
    if (this.readyState === WebSocket.OPEN) this.hold(pingFrame);
  }

  /** Called by the core, and by ws for a violation or as the echo of the peer's close frame (a Buffer or no code). */
  override close(code?: number, reason?: string | Buffer): void {
    const own = code !== undefined && typeof reason !== 'object';
    const text = own ? (reason ?? reasons.get(code) ?? '') : reason;
    if (own && this.readyState === WebSocket.OPEN) this.ending ??= { code, reason: String(text) };
    this.flush();
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
    this.wire?.heartbeat.delete(this);
    this.socket?.off('data', onData);
    this.socket = undefined;
    this.held = undefined;
    this.heldBytes = 0;
    this.unfinished = undefined;
    const { code: endCode, reason: endReason } = this.ending ?? { code, reason: reason.toString() };
    const { session } = this;
    this.session = undefined;
    session?.closed(endCode, endReason);
  }

  /** Writes what the turn has brought. */
  flush(): void {
    const { held, socket, wire } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.heldBytes = 0;
    if (socket === undefined || !socket.writable) return;
    socket.write(Array.isArray(held) ? (wire as Wire).writer.join(held) : held);
    if (!this.waiting) this.waitForRest(socket);
  }

  private hold(frame: Buffer): void {
    const { held } = this;
    if (held === undefined) {
      this.held = frame;
      (this.wire as Wire).writer.add(this);
    } else if (Array.isArray(held)) held.push(frame);
    else this.held = [held, frame];
    this.heldBytes += frame.length;
    if (this.heldBytes >= mostHeldBytes) this.flush();
  }

  /**
   * `drain` comes only after a full buffer, but the core waits as soon as anything is left over: an empty write behind the
   * rest tells when it is gone.
   */
  private waitForRest(socket: Duplex): void {
    this.waiting = socket.writableLength > 0;
    if (this.waiting) socket.write(nothing, (error) => this.flushed(error));
  }

  private flushed(error: Error | null | undefined): void {
    this.waiting = false;
    if (error != null || this.socket === undefined) return;
    // What was written meanwhile may be more than the core sends behind.
    this.waitForRest(this.socket);
    this.session?.drained();
  }

  /** After ws has read the same chunk. */
  saw(chunk: Buffer): void {
    if (this.wire === undefined) return;
    const { heartbeat } = this.wire;
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
