/** Seven bits a byte, the lowest first, the highest bit set in all but the last byte. */
const more = 0x80;

/** Collects bytes. */
export class ByteWriter {
  private readonly parts: number[] = [];

  byte(value: number): void {
    this.parts.push(value);
  }

  bytes(values: Uint8Array): void {
    this.parts.push(...values);
  }

  /** A non-negative safe integer, in 1 to 8 bytes. */
  number(value: number): void {
    let rest = value;
    // Divided and not shifted: offsets go beyond 32 bits.
    while (rest >= more) {
      this.parts.push((rest % more) + more);
      rest = Math.floor(rest / more);
    }
    this.parts.push(rest);
  }

  /** UTF-8 with its length before it. */
  text(value: string): void {
    const encoded = Buffer.from(value);
    this.number(encoded.length);
    this.bytes(encoded);
  }

  finish(): Buffer {
    return Buffer.from(this.parts);
  }
}

/** Reads what a {@link ByteWriter} wrote; everything is `undefined` where the bytes end too early or say nonsense. */
export class ByteReader {
  private readonly source: Buffer;
  private at = 0;

  constructor(source: Buffer) {
    this.source = source;
  }

  get isAtEnd(): boolean {
    return this.at === this.source.length;
  }

  byte(): number | undefined {
    const value = this.source[this.at];
    if (value !== undefined) this.at += 1;
    return value;
  }

  bytes(count: number): Buffer | undefined {
    const end = this.at + count;
    if (end > this.source.length) return undefined;
    const part = this.source.subarray(this.at, end);
    this.at = end;
    return part;
  }

  number(): number | undefined {
    let value = 0;
    for (let factor = 1; ; factor *= more) {
      const byte = this.byte();
      if (byte === undefined) return undefined;
      value += (byte % more) * factor;
      if (!Number.isSafeInteger(value)) return undefined;
      if (byte < more) return value;
    }
  }

  text(maxBytes: number): string | undefined {
    const length = this.number();
    if (length === undefined || length > maxBytes) return undefined;
    return this.bytes(length)?.toString('utf8');
  }
}
