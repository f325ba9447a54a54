/** What a reader tells about the frames it passes. */
export interface FrameSink {
  /** A header has come. True asks for the payload; false lets it pass unread. */
  begins(opcode: number, length: number): boolean;
  /** The last byte of a frame that was not asked for has come. */
  passed(opcode: number, length: number): void;
  /** The whole payload of a frame that was asked for; valid during the call only. */
  payload(opcode: number, bytes: Buffer, isCompressed: boolean): void;
}

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const finBit = 0x80;
const rsv1Bit = 0x40;
const otherRsvBits = 0x30;
const maskBit = 0x80;

const none = Buffer.alloc(0);
const longestHeader = 10;

/**
 * Walks the frames of a server (RFC 6455 §5.2) through chunks cut anywhere. It looks at headers and steps over payloads,
 * because the load side must stay cheaper than any server it measures.
 */
export class FrameReader {
  private readonly sink: FrameSink;
  /** RFC 7692 §6: where the extension was agreed on, RSV1 marks a compressed message. */
  private readonly mayCompress: boolean;
  /** The first bytes of a header that is not whole yet. */
  private header = none;
  private opcode = 0;
  private length = 0;
  /** Payload bytes still to come. */
  private left = 0;
  private inside = false;
  private wanted = false;
  private isCompressed = false;
  private parts: Buffer[] = [];

  constructor(sink: FrameSink, mayCompress = false) {
    this.sink = sink;
    this.mayCompress = mayCompress;
  }

  read(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (!this.inside) {
        at = this.header.length > 0 ? this.resume(chunk, at, to) : this.open(chunk, at, to);
        if (!this.inside) continue;
      }
      const step = Math.min(this.left, to - at);
      this.left -= step;
      if (this.wanted) this.collect(chunk, at, at + step);
      at += step;
      if (this.left === 0) this.finish();
    }
  }

  /** Reads a header at `at`; keeps it when it is not whole. Returns where the payload begins. */
  private open(chunk: Buffer, at: number, to: number): number {
    const size = to - at < 2 ? longestHeader : headerSize(chunk, at);
    if (to - at < size) {
      // Copied: the chunk's memory is used again for the next socket.
      this.header = Buffer.from(chunk.subarray(at, to));
      return to;
    }
    const first = chunk[at] ?? 0;
    const second = chunk[at + 1] ?? 0;
    const reserved = first & (this.mayCompress ? otherRsvBits : otherRsvBits | rsv1Bit);
    if (reserved !== 0) throw new Error(`expected no RSV bits, got first byte 0x${first.toString(16)}`);
    if ((first & finBit) === 0) throw new Error('expected whole messages, got a fragment');
    if ((second & maskBit) !== 0) throw new Error('expected unmasked frames from a server, got a masked one');
    this.opcode = first & 0x0f;
    this.isCompressed = (first & rsv1Bit) !== 0;
    this.length = payloadLength(chunk, at);
    this.left = this.length;
    this.inside = true;
    this.wanted = this.sink.begins(this.opcode, this.length);
    if (this.left === 0) this.finish();
    return at + size;
  }

  /** Goes on with a header that an earlier chunk began. */
  private resume(chunk: Buffer, at: number, to: number): number {
    const before = this.header.length;
    const joined = Buffer.concat([this.header, chunk.subarray(at, Math.min(to, at + longestHeader))]);
    this.header = none;
    const end = joined.length >= 2 ? headerSize(joined, 0) : longestHeader;
    if (joined.length < end) {
      this.header = joined;
      return to;
    }
    this.open(joined, 0, end);
    return at + end - before;
  }

  private collect(chunk: Buffer, from: number, to: number): void {
    if (this.left === 0 && this.parts.length === 0) {
      this.wanted = false;
      this.inside = false;
      this.sink.payload(this.opcode, chunk.subarray(from, to), this.isCompressed);
      return;
    }
    this.parts.push(Buffer.from(chunk.subarray(from, to)));
  }

  private finish(): void {
    if (!this.inside) return;
    this.inside = false;
    if (!this.wanted) {
      this.sink.passed(this.opcode, this.length);
      return;
    }
    this.wanted = false;
    const whole = Buffer.concat(this.parts);
    this.parts = [];
    this.sink.payload(this.opcode, whole, this.isCompressed);
  }
}

function headerSize(bytes: Buffer, at: number): number {
  const length = (bytes[at + 1] ?? 0) & 0x7f;
  return length === 126 ? 4 : length === 127 ? 10 : 2;
}

function payloadLength(bytes: Buffer, at: number): number {
  const length = (bytes[at + 1] ?? 0) & 0x7f;
  if (length === 126) return bytes.readUInt16BE(at + 2);
  if (length === 127) return bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
  return length;
}

/** One frame of a client. A client must mask (§5.3); the mask of zeros is one, and leaves the payload as it is. */
export function clientFrame(opcode: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  const short = bytes.length < 126;
  if (bytes.length > 65_535) throw new RangeError(`expected at most 65535 bytes, got ${bytes.length}`);
  const head = Buffer.alloc(short ? 6 : 8);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (short ? bytes.length : 126);
  if (!short) head.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([head, bytes]);
}
