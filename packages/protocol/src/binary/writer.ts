const utf8: TextEncoder = /* @__PURE__ */ new TextEncoder();

/** Longer text is left to the host, whose call costs more than it gains on shorter. */
const longText = 64;
/** A buffer larger than this is not kept for the next frame. */
const keptBytes = 65_536;

// One for all: what is written goes out as a copy. Taken while in use, for a `toJSON` may encode a frame of its own.
let spare: Uint8Array<ArrayBuffer> | undefined;

/** Bytes in the making. */
export class Writer {
  at = 0;
  bytes: Uint8Array<ArrayBuffer>;
  private view: DataView;

  constructor() {
    this.bytes = spare ?? new Uint8Array(1024);
    this.view = new DataView(this.bytes.buffer);
    spare = undefined;
  }

  /** Room for so many bytes more: where they begin. */
  take(count: number): number {
    const start = this.at;
    this.at += count;
    if (this.at > this.bytes.length) {
      const grown = new Uint8Array(this.at * 2);
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }

  byte(value: number): void {
    const at = this.take(1);
    this.bytes[at] = value;
  }

  double(value: number, isLittleEndian: boolean): void {
    const at = this.take(8);
    this.view.setFloat64(at, value, isLittleEndian);
  }

  /** UTF-8 behind whatever `head` writes for its length; a lone surrogate becomes U+FFFD. */
  text(text: string, head: (length: number) => void): void {
    if (isShortAscii(text)) {
      head(text.length);
      const start = this.take(text.length);
      const { bytes } = this;
      for (let i = 0; i < text.length; i += 1) bytes[start + i] = text.charCodeAt(i);
    } else {
      const encoded = utf8.encode(text);
      head(encoded.length);
      const start = this.take(encoded.length);
      this.bytes.set(encoded, start);
    }
  }

  finish(): Uint8Array {
    const made = this.bytes.slice(0, this.at);
    if (this.bytes.length <= keptBytes) spare = this.bytes;
    return made;
  }
}

export function isShortAscii(text: string): boolean {
  if (text.length > longText) return false;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
