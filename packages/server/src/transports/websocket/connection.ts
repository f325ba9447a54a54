import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Session, Transport } from '@thrum/core';
import { type CloseInfo, closeCodes } from '@thrum/protocol';
import type { Beating } from '../heartbeat.ts';
import { pingFrame, type WebSocketCodec } from './frames.ts';
import type { Writing } from './turn-writer.ts';
import type { Wire } from './wire.ts';

/** Under this key a socket knows its connection, so that all of them can share their listeners. */
export const connectionOf: unique symbol = Symbol('thrum.connection');

const nothing: Buffer = Buffer.alloc(0);

/** What waits for the end of the turn goes out early when it is so much: the kernel may have room for it now. */
const mostHeldBytes = 65_536;

/**
 * One WebSocket as the core's Transport: its writing and its life, whoever reads its frames. Every object, field, listener
 * and closure of an idle connection is paid for as often as there are connections, so what they have in common is in
 * {@link Wire}.
 */
export abstract class WebSocketConnection implements Transport, Beating, Writing {
  seenTick = 0;
  pingTick = 0;
  protected readonly wire: Wire;
  protected socket: Duplex | undefined;
  /** How it ended, as far as that is known before the socket is gone. */
  protected ending: CloseInfo | undefined = undefined;
  protected session: Session | undefined = undefined;
  /** Frames for the end of the turn. */
  private held: Buffer | Buffer[] | undefined = undefined;
  private heldBytes = 0;
  private waiting = false;

  constructor(socket: Duplex, wire: Wire) {
    this.socket = socket;
    this.wire = wire;
  }

  abstract readonly unfinished: Beating['unfinished'];

  /** Whether neither side has ended it. */
  protected abstract readonly isOpen: boolean;

  abstract close(code: number, reason: string): void;

  get kind(): string {
    return 'websocket';
  }

  get codec(): WebSocketCodec {
    return this.wire.codec;
  }

  /** Asked for when somebody wants to know: the kernel is asked, and Node keeps the answer. */
  get address(): string | undefined {
    return (this.socket as Socket | undefined)?.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.heldBytes + (this.socket?.writableLength ?? 0);
  }

  /** Whether the network has not taken all that was written. */
  protected get isBehind(): boolean {
    return this.waiting;
  }

  attach(session: Session): void {
    this.session = session;
  }

  send(message: Buffer, isLast = false): void {
    if (this.isOpen) this.hold(message, isLast);
  }

  sendAll(messages: readonly Buffer[], isLast = false): void {
    if (this.isOpen) this.hold(this.codec.join(messages), isLast);
  }

  /** The heartbeat's ping: all connections share its bytes. */
  beat(): void {
    if (this.isOpen) this.hold(pingFrame);
  }

  /** The peer is silent or never finishes a message: it gets the close frame if it still reads, and no more time. */
  giveUp(): void {
    this.close(closeCodes.heartbeat.code, closeCodes.heartbeat.reason);
    this.terminate();
  }

  /** Cuts it without a word. */
  terminate(): void {
    this.socket?.destroy();
  }

  /** Writes what the turn has brought. */
  flush(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.heldBytes = 0;
    this.write(Array.isArray(held) ? this.wire.writer.join(held) : held);
  }

  /** Keeps a frame for the end of the turn, or writes it now with what was kept. */
  protected hold(frame: Buffer, isLast = false): void {
    const { held } = this;
    if (held === undefined) {
      if (isLast) {
        this.write(frame);
        return;
      }
      this.held = frame;
      this.wire.writer.add(this);
    } else if (Array.isArray(held)) held.push(frame);
    else this.held = [held, frame];
    this.heldBytes += frame.length;
    if (isLast || this.heldBytes >= mostHeldBytes) this.flush();
  }

  private write(bytes: Buffer): void {
    const { socket } = this;
    if (socket === undefined || !socket.writable) return;
    socket.write(bytes);
    if (!this.waiting) this.waitForRest(socket);
  }

  /** The socket is gone. */
  protected ended(code: number, reason: string): void {
    this.wire.heartbeat.delete(this);
    this.socket = undefined;
    this.held = undefined;
    this.heldBytes = 0;
    const { session } = this;
    this.session = undefined;
    session?.closed(code, reason);
  }

  /** The network has taken what it had not. */
  protected caughtUp(): void {
    this.session?.drained();
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
    this.caughtUp();
  }
}
