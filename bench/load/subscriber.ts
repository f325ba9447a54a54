import { connect, type Socket } from 'node:net';
import { constants, inflateRawSync } from 'node:zlib';
import { ballastChannel } from '../channel.ts';
import { now, publishedAt } from '../payload.ts';
import { clientFrame, FrameReader, type FrameSink, opcodes } from './frames.ts';
import { headersEnd, requestHead, responseProblem } from './handshake.ts';
import { MarkerReader, type MarkerSink } from './markers.ts';
import { longestProtocolText, type Step, type Wire } from './wire.ts';

/** What all subscribers of a process count together. */
export interface Tally {
  delivered: number;
  /** How many subscribers have got so many publications, by that number. */
  reached: number[];
  bytes: number;
  /** Every so many deliveries one is timed. */
  sampleEvery: number;
  /** Milliseconds from publication to here. */
  latencies: number[];
  /** Something was delivered. */
  progress: () => void;
  /** A connection ended or spoke wrongly: the measurement is void. */
  failed: (error: Error) => void;
}

export interface Target {
  readonly port: number;
  readonly host: string;
  readonly localAddress: string;
}

/** All sockets read into this one: libuv fills it and hands it over before it turns to the next socket. */
const readBuffer = Buffer.allocUnsafeSlow(262_144);

/** What a sender has left off a compressed message (RFC 7692 §7.2.1). */
const deflateTail = Buffer.from([0, 0, 0xff, 0xff]);

interface Waiting {
  readonly isIt: (text: string) => boolean;
  readonly resolve: () => void;
}

/** One connection of the load, with no more than the measurement needs: no WebSocket library, no streams of its own. */
export class Subscriber implements FrameSink, MarkerSink {
  /** Publications that came, since the loop began. */
  received = 0;
  /** What it gets counts for nothing. */
  apart = false;
  private frozen = false;
  /** The server ended one that was frozen. */
  readonly ended: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  private readonly wire: Wire;
  private readonly channels: readonly string[];
  private readonly tally: Tally;
  private reader: { read(chunk: Buffer, from: number, to: number): void };
  private readonly socket: Socket;
  private handshake: string | undefined = '';
  /** What an event stream said before it was open. */
  private greeting = '';
  private waiting: Waiting | undefined;
  private opened: () => void;
  /** From this on, long texts are publications and are not read. */
  private counting = false;
  private closing = false;

  constructor(wire: Wire, channels: readonly string[], target: Target, tally: Tally, opened: () => void) {
    this.wire = wire;
    this.channels = channels;
    this.tally = tally;
    this.opened = opened;
    this.reader =
      wire.transport === 'websocket'
        ? new FrameReader(this, wire.extension !== undefined)
        : { read: (chunk, from, to) => this.greeted(chunk.toString('latin1', from, to)) };
    const callback = (length: number): boolean => {
      this.read(length);
      return true;
    };
    this.socket = connect({ ...target, noDelay: true, onread: { buffer: readBuffer, callback } });
    this.socket.on('connect', () => this.socket.write(requestHead(wire, channels, target)));
    this.socket.on('error', (error) => this.fail(error.message));
    this.socket.on('close', () => this.fail('the server closed the connection'));
  }

  /** Asks for the publications; resolves when the server has said yes. */
  async subscribe(): Promise<void> {
    for (const step of this.wire.subscribe?.(this.channels) ?? []) await this.take(step);
  }

  /** From here on every text longer than the protocol's own is a publication. */
  count(): void {
    this.counting = true;
    if (this.wire.counts === 'markers') this.reader = new MarkerReader(this);
  }

  /** Subscribes to the ballast too, and counts no more. */
  async weigh(): Promise<void> {
    this.counting = false;
    this.apart = true;
    for (const step of this.wire.subscribe?.([ballastChannel]) ?? []) await this.take(step);
    this.counting = true;
  }

  /** Reads nothing more, as a suspended process would. */
  freeze(): void {
    this.frozen = true;
    this.socket.pause();
  }

  /** Reads again, and so learns whether it was given up. */
  thaw(): void {
    this.socket.resume();
  }

  /** Ends without lingering: thousands of ports in TIME_WAIT would be missing in the next round. */
  close(): void {
    this.closing = true;
    this.socket.resetAndDestroy();
  }

  begins(opcode: number, length: number): boolean {
    if (!this.counting || opcode > opcodes.binary || length <= longestProtocolText) return true;
    return !this.apart && this.isSampled();
  }

  passed(): void {
    this.delivered();
  }

  payload(opcode: number, bytes: Buffer, isCompressed: boolean): void {
    if (opcode === opcodes.ping) this.send(opcodes.pong, bytes);
    else if (opcode === opcodes.close) this.fail(`the server sent a close frame ${closeText(bytes)}`);
    else if (opcode === opcodes.text || opcode === opcodes.binary) {
      this.text(isCompressed ? inflate(bytes) : bytes);
    }
  }

  found(): boolean {
    const isSampled = this.isSampled();
    this.delivered();
    return isSampled;
  }

  published(at: bigint): void {
    this.tally.latencies.push(Number(now() - at) / 1e6);
  }

  /** Does one step; resolves when the server has said yes. */
  take({ text, isDone }: Step): Promise<void> {
    this.send(this.wire.opcode ?? opcodes.text, text);
    if (isDone === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting = { isIt: isDone, resolve };
    });
  }

  protected text(bytes: Buffer): void {
    if (this.counting && bytes.length > longestProtocolText) {
      const published = publishedAt(bytes);
      if (published === undefined) this.fail(`expected a publication, got ${bytes.toString().slice(0, 200)}`);
      else this.published(published);
      this.delivered();
      return;
    }
    const text = bytes.toString();
    const answer = this.wire.answer?.(text);
    if (answer !== undefined) this.send(this.wire.opcode ?? opcodes.text, answer);
    else if (!this.waitedFor(text) && text.includes('"error"')) {
      this.fail(`the server answered ${text.slice(0, 200)}`);
    }
  }

  protected delivered(): void {
    if (this.apart) return;
    this.received += 1;
    this.tally.delivered += 1;
    const { reached } = this.tally;
    reached[this.received] = (reached[this.received] ?? 0) + 1;
  }

  private isSampled(): boolean {
    return (this.tally.delivered + 1) % this.tally.sampleEvery === 0;
  }

  private waitedFor(text: string): boolean {
    const { waiting } = this;
    if (waiting?.isIt(text) !== true) return false;
    // First, because what it resolves may wait for the next.
    this.waiting = undefined;
    waiting.resolve();
    return true;
  }

  private greeted(text: string): void {
    this.greeting += text;
    if (this.waitedFor(this.greeting)) this.greeting = '';
  }

  private read(length: number): void {
    this.tally.bytes += length;
    const before = this.tally.delivered;
    try {
      const start = this.handshake === undefined ? 0 : this.answered(length);
      this.reader.read(readBuffer, start, length);
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
    if (this.tally.delivered > before) this.tally.progress();
  }

  /** Takes what came of the handshake's answer. Returns where the frames behind it begin. */
  private answered(length: number): number {
    const before = this.handshake?.length ?? 0;
    const text = (this.handshake ?? '') + readBuffer.toString('latin1', 0, length);
    const end = text.indexOf(headersEnd);
    if (end < 0) {
      this.handshake = text;
      return length;
    }
    const problem = responseProblem(this.wire, text.slice(0, end));
    if (problem !== undefined) throw new Error(problem);
    this.handshake = undefined;
    const { isOpen } = this.wire;
    if (isOpen === undefined) this.opened();
    else this.waiting = { isIt: isOpen, resolve: () => this.opened() };
    return end + headersEnd.length - before;
  }

  protected send(opcode: number, payload: string | Buffer): void {
    this.socket.write(clientFrame(opcode, payload));
  }

  protected fail(why: string): void {
    if (this.closing) return;
    this.close();
    if (this.frozen) this.ended.resolve();
    else this.tally.failed(new Error(why));
  }
}

function inflate(bytes: Buffer): Buffer {
  return inflateRawSync(Buffer.concat([bytes, deflateTail]), { finishFlush: constants.Z_SYNC_FLUSH });
}

function closeText(bytes: Buffer): string {
  return bytes.length < 2 ? 'without a code' : `${bytes.readUInt16BE(0)} ${bytes.toString('utf8', 2)}`.trim();
}
