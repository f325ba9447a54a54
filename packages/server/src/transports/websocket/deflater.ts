import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib';

/** Of permessage-deflate (RFC 7692), for what the server sends. */
export interface CompressionOptions {
  /** From so many bytes on a message is compressed. Default 1,024. */
  readonly threshold?: number;
  /** 1, the fastest, to 9, the smallest. Default 6. */
  readonly level?: number;
}

/** The event loop stands still meanwhile: 2 ms at level 6 for so many bytes, and more only grows with them. */
const mostBytes = 262_144;

/** A window as large as this sees all of a smaller message, and costs half the time to set up. */
const smallBytes = 4096;

/** What every message of RFC 7692 §7.2.1 would end with. */
const tail = 4;

/** Compresses messages, each for itself, so that the result can be shared by all who are sent it (RFC 7692 §7.1.1.1). */
export class Deflater {
  private readonly threshold: number;
  private readonly small: ZlibOptions;
  private readonly large: ZlibOptions;

  /** @throws RangeError for a level or threshold that is none, saying what was expected. */
  constructor({ threshold = 1024, level = 6 }: CompressionOptions = {}) {
    if (!Number.isInteger(level) || level < 1 || level > 9)
      throw new RangeError(`compression.level: expected a whole number from 1 to 9, got ${String(level)}`);
    if (!Number.isInteger(threshold) || threshold < 0)
      throw new RangeError(`compression.threshold: expected bytes, 0 or more, got ${String(threshold)}`);
    this.threshold = threshold;
    this.large = { level, finishFlush: constants.Z_SYNC_FLUSH };
    this.small = { ...this.large, windowBits: 12, memLevel: 5 };
  }

  /** The payload of a compressed message; `undefined` where it is better sent as it is. */
  deflate(message: string | Uint8Array): Buffer | undefined {
    const length = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
    if (length < this.threshold || length > mostBytes) return undefined;
    const deflated = deflateRawSync(message, length <= smallBytes ? this.small : this.large);
    return deflated.length - tail < length ? deflated.subarray(0, -tail) : undefined;
  }
}
