const finText = 0x81;
const maskBit = 0x80;
const maskLength = 4;
const headLength = 2;

/** One text as a server sends it (RFC 6455 §5.2), up to 65,535 bytes. */
export function serverFrame(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 65_535) throw new RangeError(`expected at most 65535 bytes, got ${bytes.length}`);
  const head =
    bytes.length < 126
      ? Buffer.from([finText, bytes.length])
      : Buffer.from([finText, 126, bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([head, bytes]);
}

/** The texts of a client, through chunks cut anywhere. @throws Error for anything but whole masked texts up to 65,535 bytes. */
export class ClientFrames {
  private readonly text: (text: string) => void;
  private rest = Buffer.alloc(0);

  constructor(text: (text: string) => void) {
    this.text = text;
  }

  read(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (let frame = this.take(); frame !== undefined; frame = this.take()) this.text(frame);
  }

  private take(): string | undefined {
    const { rest } = this;
    if (rest.length < headLength) return undefined;
    const [first = 0, second = 0] = rest;
    if (first !== finText || (second & maskBit) === 0 || (second & ~maskBit) === 127) {
      throw new Error(`expected a whole masked text, got bytes ${rest.toString('hex', 0, headLength)}`);
    }
    const short = (second & ~maskBit) < 126;
    const head = headLength + (short ? 0 : 2);
    if (rest.length < head) return undefined;
    const length = short ? second & ~maskBit : rest.readUInt16BE(headLength);
    const start = head + maskLength;
    if (rest.length < start + length) return undefined;
    const text = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) {
      text[at] = (rest[start + at] ?? 0) ^ (rest[head + (at % maskLength)] ?? 0);
    }
    this.rest = Buffer.from(rest.subarray(start + length));
    return text.toString();
  }
}
