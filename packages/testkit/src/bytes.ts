import type { Socket } from 'node:net';
import { defaultDeadline, within } from './deadline.ts';
import { exchange, openSocket, type UpgradeRequest, upgradeRequest } from './http.ts';
import { EventQueue } from './queue.ts';
import type { Closed } from './raw-client.ts';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameSpec {
  /** Default true. */
  readonly fin?: boolean;
  /** The three reserved bits as a number, RSV1 = 4. Default 0. */
  readonly rsv?: number;
  /** Default text. */
  readonly opcode?: number;
  readonly payload?: string | Uint8Array;
  /** Default true, as RFC 6455 §5.1 demands of clients. */
  readonly masked?: boolean;
  /** The length to declare. Default: the payload's. */
  readonly length?: number;
  /** Bytes that carry the length: 0 (in the header), 2 or 8. Default: the fewest. */
  readonly lengthBytes?: 0 | 2 | 8;
}

const mask: Buffer = Buffer.from('37fa213d', 'hex');

/** The bytes of one WebSocket frame (RFC 6455 §5.2), as right or wrong as the specification asks for. */
export function frameBytes(spec: FrameSpec = {}): Buffer {
  const payload = Buffer.from(spec.payload ?? '');
  const length = spec.length ?? payload.length;
  const masked = spec.masked ?? true;
  const first = ((spec.fin ?? true) ? 0x80 : 0) | ((spec.rsv ?? 0) << 4) | (spec.opcode ?? opcodes.text);
  const lengthBytes = spec.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = first;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason)]);
}

/** A frame as the server sent it. */
export interface WireFrame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** Opens a WebSocket whose every byte is the caller's. */
export async function connectBytes(url: string, request: UpgradeRequest = {}): Promise<ByteClient> {
  const { host, pathname, search } = new URL(url);
  const socket = await openSocket(url);
  const response = await exchange(socket, upgradeRequest(host, { path: pathname + search, ...request }));
  if (response.status !== 101) {
    socket.destroy();
    throw new Error(`the handshake was answered with ${response.status}`);
  }
  return new ByteClient(socket, response.rest);
}

/** A WebSocket client made of bytes: it checks nothing, masks what it is told to, and shows what comes back. */
export class ByteClient implements AsyncDisposable {
  readonly frames: EventQueue<WireFrame> = new EventQueue();
  readonly socket: Socket;
  readonly #ended: Promise<void>;
  #unread: Buffer;

  constructor(socket: Socket, rest: Buffer) {
    this.socket = socket;
    this.#unread = rest;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const ended = () => {
      this.frames.end(new Error('the server ended the connection'));
      resolve();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#parse();
    });
    socket.on('end', ended).on('close', ended);
    this.#parse();
    socket.resume();
  }

  /** Writes bytes, or hex with spaces where they help. */
  write(bytes: Uint8Array | string): void {
    if (this.socket.destroyed) return;
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(/\s+/gu, ''), 'hex') : bytes);
  }

  /** Writes one frame. */
  frame(spec: FrameSpec): void {
    this.write(frameBytes(spec));
  }

  /** Writes one text message. */
  text(message: object | string): void {
    this.frame({ payload: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  /** Takes the next frame with this opcode. */
  next(opcode: number, deadline?: number): Promise<WireFrame> {
    return this.frames.next(
      (frame) => frame.opcode === opcode,
      () => `a frame with opcode ${opcode}`,
      deadline,
    );
  }

  /** Takes the next text message of this type, parsed. */
  async message(type: string, deadline?: number): Promise<Readonly<Record<string, unknown>>> {
    const frame = await this.frames.next(
      ({ opcode, payload }) => opcode === opcodes.text && parsed(payload)['type'] === type,
      () => `a message of type ${type}`,
      deadline,
    );
    return parsed(frame.payload);
  }

  /** The server's close frame; 1005 when it has no code, 1006 when the connection ended without one. */
  async closed(deadline?: number): Promise<Closed> {
    const isClose = (frame: WireFrame) => frame.opcode === opcodes.close;
    try {
      const { payload } = await this.frames.next(isClose, () => 'a close frame', deadline);
      if (payload.length < 2) return { code: 1005, reason: '' };
      return { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
    } catch (error) {
      if ((error as Error).cause === undefined) throw error;
      return { code: 1006, reason: '' };
    }
  }

  /** The server has ended the TCP connection. */
  ended(deadline: number = defaultDeadline): Promise<void> {
    return within(this.#ended, () => 'the end of the TCP connection', deadline);
  }

  /** Ends the connection with RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#ended;
  }

  #parse(): void {
    for (;;) {
      const bytes = this.#unread;
      if (bytes.length < 2) return;
      const first = bytes[0] ?? 0;
      const second = bytes[1] ?? 0;
      const short = second & 0x7f;
      const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
      const masked = second >= 0x80;
      const start = 2 + extra + (masked ? 4 : 0);
      if (bytes.length < start) return;
      const length =
        extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < start + length) return;
      const payload = Buffer.from(bytes.subarray(start, start + length));
      this.#unread = bytes.subarray(start + length);
      this.frames.push({ fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload });
    }
  }
}

function parsed(payload: Buffer): Readonly<Record<string, unknown>> {
  return JSON.parse(payload.toString('utf8')) as Readonly<Record<string, unknown>>;
}
