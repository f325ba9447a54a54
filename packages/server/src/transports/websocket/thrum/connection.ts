import type { Duplex } from 'node:stream';
import type { CloseInfo } from '@thrum/protocol';
import { connectionOf, WebSocketConnection } from '../connection.ts';
import { closeFrame, emptyClose, pongFrame } from '../frames.ts';
import type { Wire } from '../wire.ts';
import type { Reader, Unfinished } from './receiver.ts';

/** Nothing has ended. */
const open = 0;
/** Our close frame is sent; the peer's is awaited. */
const closing = 1;
/** Nothing is written or read any more, and the socket ends. */
const over = 2;

type Tagged = Duplex & { [connectionOf]?: ThrumConnection };

/** A WebSocket whose frames are read by {@link Receiver}, from the socket to the core without a stream or an emitter between. */
export class ThrumConnection extends WebSocketConnection implements Reader {
  unfinished: Unfinished | undefined = undefined;
  private phase: typeof open | typeof closing | typeof over = open;
  /** The latest ping that came while the peer did not read. */
  private pinged: Buffer | undefined = undefined;

  /** Takes over a socket; `answer` is what ends the handshake. */
  constructor(socket: Duplex, wire: Wire, answer: Buffer) {
    super(socket, wire);
    (socket as Tagged)[connectionOf] = this;
    // The peer's end is this side's: Node sees to that without a listener, a second one for 'end', which would take an array.
    socket.allowHalfOpen = false;
    socket.on('data', onData).on('error', onError).on('close', onClose);
    // In one write with what the core has to say first: a write costs more than everything else here.
    this.hold(answer);
    wire.heartbeat.add(this);
  }

  get reads(): boolean {
    return this.phase !== over;
  }

  protected get isOpen(): boolean {
    return this.phase === open;
  }

  close(code: number, reason: string): void {
    if (this.phase !== open) return;
    this.ending = { code, reason };
    this.say(closeFrame(code, reason));
    this.phase = closing;
  }

  read(chunk: Buffer): void {
    const { heartbeat, receiver } = this.wire;
    this.seenTick = heartbeat.tick;
    if (this.phase === over) return;
    const before = this.unfinished;
    const after = receiver.read(chunk, before, this, heartbeat.tick);
    this.unfinished = after;
    if (after === undefined) {
      if (before !== undefined) heartbeat.finished(this);
    } else if (before === undefined) heartbeat.began(this);
  }

  message(message: string | Buffer): void {
    // What comes after our close frame is not handled any more.
    if (this.phase === open) this.session?.receive(message);
  }

  /** A peer that pings and does not read gets the pong for its latest ping only (RFC 6455 §5.5.3), or they would pile up. */
  ping(payload: Buffer): void {
    if (this.phase !== open) return;
    if (this.isBehind) this.pinged = Buffer.from(payload);
    else this.hold(pongFrame(payload));
  }

  closing(code: number, reason: string): void {
    if (this.phase === open) {
      this.ending = { code, reason };
      this.say(code === 1005 ? emptyClose : closeFrame(code, reason));
    }
    this.end();
  }

  failed({ code, reason }: CloseInfo): void {
    this.close(code, reason);
    this.end();
  }

  /** Nothing more is said by either side. */
  private end(): void {
    this.phase = over;
    this.flush();
    this.wire.heartbeat.ends(this);
    this.socket?.end();
  }

  gone(): void {
    this.phase = over;
    this.unfinished = undefined;
    this.pinged = undefined;
    // Without a close frame: RFC 6455 §7.1.5.
    const { code, reason } = this.ending ?? { code: 1006, reason: '' };
    this.ended(code, reason);
  }

  protected override caughtUp(): void {
    const { pinged } = this;
    this.pinged = undefined;
    if (pinged !== undefined) this.ping(pinged);
    super.caughtUp();
  }

  /** A close frame: what was held goes before it, and it starts the time that the peer has to end its side. */
  private say(frame: Buffer): void {
    this.hold(frame);
    this.flush();
    this.wire.heartbeat.ends(this);
  }
}

function onData(this: Tagged, chunk: Buffer): void {
  this[connectionOf]?.read(chunk);
}

function onError(this: Tagged): void {
  // `close` follows and says the rest.
  this.destroy();
}

function onClose(this: Tagged): void {
  this[connectionOf]?.gone();
}
