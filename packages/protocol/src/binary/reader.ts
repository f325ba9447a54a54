import { CodecError } from './error.ts';

// Fatal, as in JSON: what is not UTF-8 is refused and not turned into U+FFFD.
const utf8: TextDecoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longer text is left to the host, whose call costs more than it gains on shorter. */
const longText = 32;

/** Bytes to be read, none beyond `end`. */
export class Reader {
  at = 0;
  end: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Passes so many bytes: where they begin.
   * @throws CodecError where there are fewer, before anything is made of them.
   */
  take(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw this.error(`${count} bytes`);
    this.at = start + count;
    return start;
  }

  byte(): number {
    return this.bytes[this.take(1)] as number;
  }

  /** Says what was expected here. What came is not repeated: it may be long, and nobody's business. */
  error(expected: string): CodecError {
    return new CodecError(`expected ${expected} at byte ${this.at}, got ${this.end - this.at} bytes more`);
  }

  /** @throws CodecError for bytes that are not UTF-8. */
  text(length: number): string {
    const start = this.take(length);
    const { bytes, at } = this;
    if (length > longText) return this.decode(start);
    let text = '';
    for (let i = start; i < at; i += 1) {
      const unit = bytes[i] as number;
      if (unit > 0x7f) return this.decode(start);
      text += String.fromCharCode(unit);
    }
    return text;
  }

  private decode(start: number): string {
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw this.error('UTF-8 before');
    }
  }
}
