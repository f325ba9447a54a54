import type { Codec } from '@thrum/protocol';

const utf8 = new TextEncoder();

/** One frame in the bytes of one codec. */
export function encode(codec: Codec, frame: object): Uint8Array {
  const encoded = codec.encode(frame);
  return typeof encoded === 'string' ? utf8.encode(encoded) : encoded;
}

/** A frame that goes to many connections: encoded at most once per codec, and the bytes shared. */
export class SharedFrame {
  private readonly frame: object;
  private codec: Codec | undefined;
  private bytes: Uint8Array | undefined;
  private others: Map<Codec, Uint8Array> | undefined;

  constructor(frame: object) {
    this.frame = frame;
  }

  for(codec: Codec): Uint8Array {
    if (this.codec === codec) return this.bytes as Uint8Array;
    if (this.codec === undefined) {
      this.codec = codec;
      this.bytes = encode(codec, this.frame);
      return this.bytes;
    }
    this.others ??= new Map();
    let bytes = this.others.get(codec);
    if (bytes === undefined) {
      bytes = encode(codec, this.frame);
      this.others.set(codec, bytes);
    }
    return bytes;
  }
}
