import { isUtf8 } from 'node:buffer';
import { type CloseInfo, closeCodes } from '@thrum/protocol';
import { Growing } from './growing.ts';
import { fin, headerLength, isAllowed, isCloseCode, opcode, payloadLength, rsv1 } from './header.ts';
import { inflate } from './inflate.ts';
import { unmask } from './unmask.ts';

/** Who hears what a stream of frames says. */
export interface Reader {
  /** False: whatever comes now is not read any more. */
  readonly reads: boolean;
  /** A whole message. Bytes may be a view of the chunk that they came in. */
  message(message: string | Buffer): void;
  ping(payload: Buffer): void;
  /** The peer's close frame; 1005 where it has no code. */
  closing(code: number, reason: string): void;
  /** The stream breaks a rule, and is to be closed like this. */
  failed(close: CloseInfo): void;
}

/** What a stream must keep to. */
export interface Rules {
  /** Most bytes of a message: of all its fragments, and of what it is inflated to. */
  readonly messageBytes: number;
  /** Most fragments of a message. */
  readonly fragments: number;
  /** Whether messages may be compressed (RFC 7692). */
  readonly deflate: boolean;
}

/** What has begun and not ended. A stream that stands between two messages, as it nearly always does, has none. */
export class Unfinished {
  /** The tick in which its first byte came. */
  readonly since: number;
  /** The part of a frame that has come. */
  frame: Growing | undefined = undefined;
  /** The fragments of a message that have come. */
  message: Fragments | undefined = undefined;

  constructor(since: number) {
    this.since = since;
  }
}

interface Fragments {
  /** The first frame's first byte, which says what the message is. */
  readonly first: number;
  readonly payload: Growing;
  count: number;
}

/** In the place of a frame's length: it may not stand here, or is too large. */
const broken = -1;
const tooBig = -2;

/**
 * Reads masked frames of clients (RFC 6455 §5), compressed ones too (RFC 7692). It is stateless, so all connections with
 * the same rules share one: what a chunk leaves unfinished comes back with the next.
 */
export class Receiver {
  private readonly rules: Rules;

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** Reads one more chunk, whose bytes it changes, of a stream where `before` was left over from those before. */
  read(chunk: Buffer, before: Unfinished | undefined, reader: Reader, tick: number): Unfinished | undefined {
    let unfinished = before;
    let at = 0;
    if (before?.frame !== undefined) {
      at = this.resume(before, before.frame, chunk, reader);
      if (before.message === undefined && before.frame === undefined) unfinished = undefined;
    }
    while (at < chunk.length && reader.reads) {
      const length = this.frameLength(chunk, at, chunk.length, unfinished);
      if (length < 0) {
        reader.failed(length === tooBig ? closeCodes.tooBig : closeCodes.protocolError);
        break;
      }
      if (at + length > chunk.length) {
        unfinished ??= new Unfinished(tick);
        unfinished.frame = new Growing();
        unfinished.frame.add(chunk, at, chunk.length, length);
        break;
      }
      unfinished = this.frame(chunk, at, at + length, unfinished, reader, tick);
      at += length;
    }
    return reader.reads ? unfinished : undefined;
  }

  /** Goes on with a frame of an earlier chunk. Returns where in this one the next begins. */
  private resume(unfinished: Unfinished, frame: Growing, chunk: Buffer, reader: Reader): number {
    let at = 0;
    for (;;) {
      const { bytes } = frame;
      const length = this.frameLength(bytes, 0, bytes.length, unfinished);
      if (length < 0) {
        reader.failed(length === tooBig ? closeCodes.tooBig : closeCodes.protocolError);
        return chunk.length;
      }
      if (length <= bytes.length) {
        unfinished.frame = undefined;
        const left = this.frame(bytes, 0, length, unfinished, reader, unfinished.since);
        if (left === undefined) unfinished.message = undefined;
        return at;
      }
      if (at === chunk.length) return at;
      const end = Math.min(chunk.length, at + length - bytes.length);
      frame.add(chunk, at, end, length);
      at = end;
    }
  }

  /**
   * The length of the frame at `at`, or of what must be there to know more of it; negative: why it is none. All
   * that a header can break is found here, before its payload takes memory.
   */
  private frameLength(bytes: Buffer, at: number, end: number, unfinished: Unfinished | undefined): number {
    const have = end - at;
    if (have < 2) return 2;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const message = unfinished?.message;
    if (!isAllowed(first, second, message !== undefined, this.rules.deflate)) return broken;
    const header = headerLength(second);
    const payload = payloadLength(bytes, at, have);
    if (payload === undefined) return header - 4;
    const isControl = (first & 0x08) !== 0;
    if (!isControl && payload + (message?.payload.length ?? 0) > this.rules.messageBytes) return tooBig;
    return header + payload;
  }

  /** Takes one whole frame. Returns what is unfinished behind it. */
  private frame(
    bytes: Buffer,
    at: number,
    end: number,
    unfinished: Unfinished | undefined,
    reader: Reader,
    tick: number,
  ): Unfinished | undefined {
    const first = bytes[at] as number;
    const start = at + headerLength(bytes[at + 1] as number);
    const isAscii = unmask(bytes, start - 4, start, end);
    if ((first & 0x08) !== 0) {
      this.control(first & 0x0f, bytes.subarray(start, end), reader);
      return unfinished;
    }
    const message = unfinished?.message;
    if (message === undefined && (first & fin) !== 0) {
      this.deliver(first, bytes, start, end, isAscii, reader);
      return undefined;
    }
    const open = message ?? { first, payload: new Growing(), count: 0 };
    open.payload.add(bytes, start, end, this.rules.messageBytes);
    open.count += 1;
    if (open.count > this.rules.fragments) {
      reader.failed(closeCodes.fragments);
      return undefined;
    }
    if ((first & fin) !== 0) {
      this.deliver(open.first, open.payload.bytes, 0, open.payload.length, false, reader);
      return undefined;
    }
    const left = unfinished ?? new Unfinished(tick);
    left.message = open;
    return left;
  }

  private control(code: number, payload: Buffer, reader: Reader): void {
    if (code === opcode.ping) reader.ping(payload);
    else if (code === opcode.close) close(payload, reader);
  }

  private deliver(
    first: number,
    bytes: Buffer,
    start: number,
    end: number,
    isAscii: boolean,
    reader: Reader,
  ): void {
    if ((first & rsv1) !== 0) {
      const plain = inflate(bytes.subarray(start, end), this.rules.messageBytes);
      if (!Buffer.isBuffer(plain)) reader.failed(plain);
      else this.deliver(first & ~rsv1, plain, 0, plain.length, false, reader);
    } else if ((first & 0x0f) === opcode.binary) reader.message(bytes.subarray(start, end));
    else if (isAscii) reader.message(bytes.toString('latin1', start, end));
    else if (isUtf8(bytes.subarray(start, end))) reader.message(bytes.toString('utf8', start, end));
    else reader.failed(closeCodes.invalidUtf8);
  }
}

/** RFC 6455 §5.5.1; that one byte is no code was seen in the header. */
function close(payload: Buffer, reader: Reader): void {
  if (payload.length === 0) {
    reader.closing(1005, '');
    return;
  }
  const code = payload.readUInt16BE();
  const reason = payload.subarray(2);
  if (!isCloseCode(code)) reader.failed(closeCodes.protocolError);
  else if (isUtf8(reason)) reader.closing(code, reason.toString());
  else reader.failed(closeCodes.invalidUtf8);
}
