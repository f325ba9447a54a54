import { connect, type Socket } from 'node:net';
import { publishedAt } from '../payload.ts';
import { clientFrame, FrameReader, type FrameSink, opcodes } from './frames.ts';
import { longestProtocolText, type Wire } from './wire.ts';

/** What all subscribers of a process count together. */
export interface Tally {
  delivered: number;
  bytes: number;
  /** Every so many deliveries one is timed. */
  readonly sampleEvery: number;
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

const headersEnd = '\r\n\r\n';

/** One connection of the load, with no more than the measurement needs: no WebSocket library, no streams of its own. */
export class Subscriber implements FrameSink {
  /** Publications that came. */
  received = 0;
  private readonly wire: Wire;
  private readonly tally: Tally;
  private readonly reader = new FrameReader(this);
  private readonly socket: Socket;
  private handshake: string | undefined = '';
  private waiting: { readonly isIt: (text: string) => boolean; readonly resolve: () => void } | undefined;
  private opened: () => void;
  /** From this on, long texts are publications and are not read. */
  private counting = false;
  private closing = false;

  constructor(wire: Wire, target: Target, tally: Tally, opened: () => void) {
    this.wire = wire;
    this.tally = tally;
    this.opened = opened;
    const callback = (length: number): boolean => {
      this.read(length);
      return true;
    };
    this.socket = connect({ ...target, noDelay: true, onread: { buffer: readBuffer, callback } });
    this.socket.on('connect', () => this.greet(target));
    this.socket.on('error', (error) => this.fail(error.message));
    this.socket.on('close', () => this.fail('the server closed the connection'));
  }

  /** Asks for the publications; resolves when the server has said yes. */
  subscribe(): Promise<void> {
    const { subscribe } = this.wire;
    if (subscribe === undefined) return Promise.resolve();
    this.send(opcodes.text, subscribe.text);
    return new Promise((resolve) => {
      this.waiting = { isIt: subscribe.isDone, resolve };
    });
  }

  /** From here on every text longer than the protocol's own is a publication. */
  count(): void {
    this.counting = true;
  }

  /** Ends without lingering: thousands of ports in TIME_WAIT would be missing in the next round. */
  close(): void {
    this.closing = true;
    this.socket.resetAndDestroy();
  }

  begins(opcode: number, length: number): boolean {
    if (!this.counting || opcode > opcodes.binary || length <= longestProtocolText) return true;
    return (this.tally.delivered + 1) % this.tally.sampleEvery === 0;
  }

  passed(): void {
    this.delivered();
  }

  payload(opcode: number, bytes: Buffer): void {
    if (opcode === opcodes.ping) this.send(opcodes.pong, bytes);
    else if (opcode === opcodes.close) this.fail(`the server sent a close frame ${closeText(bytes)}`);
    else if (opcode === opcodes.text || opcode === opcodes.binary) this.text(bytes);
  }

  protected text(bytes: Buffer): void {
    if (this.counting && bytes.length > longestProtocolText) {
      const published = publishedAt(bytes);
      if (published === undefined) this.fail(`expected a publication, got ${bytes.toString().slice(0, 200)}`);
      else this.tally.latencies.push(Number(process.hrtime.bigint() - published) / 1e6);
      this.delivered();
      return;
    }
    const text = bytes.toString();
    const answer = this.wire.answer?.(text);
    if (answer !== undefined) this.send(opcodes.text, answer);
    else if (this.waiting?.isIt(text) === true) {
      this.waiting.resolve();
      this.waiting = undefined;
    } else if (text.includes('"error"')) this.fail(`the server answered ${text.slice(0, 200)}`);
  }

  protected delivered(): void {
    this.received += 1;
    this.tally.delivered += 1;
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

  private greet({ host, port }: Target): void {
    this.socket.write(
      `GET ${this.wire.path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13${headersEnd}`,
    );
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
    if (!text.startsWith('HTTP/1.1 101 ')) throw new Error(`expected 101, got ${text.slice(0, 200)}`);
    this.handshake = undefined;
    const { isOpen } = this.wire;
    if (isOpen === undefined) this.opened();
    else this.waiting = { isIt: isOpen, resolve: () => this.opened() };
    return end + headersEnd.length - before;
  }

  private send(opcode: number, payload: string | Buffer): void {
    this.socket.write(clientFrame(opcode, payload));
  }

  protected fail(why: string): void {
    if (this.closing) return;
    this.close();
    this.tally.failed(new Error(why));
  }
}

function closeText(bytes: Buffer): string {
  return bytes.length < 2 ? 'without a code' : `${bytes.readUInt16BE(0)} ${bytes.toString('utf8', 2)}`.trim();
}
