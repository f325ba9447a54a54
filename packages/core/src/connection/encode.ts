import { type Codec, jsonCodec, type Publication, toPublicationFrame } from '@thrum/protocol';

const utf8 = new TextEncoder();

/** One frame in the bytes of one codec. */
export function encode(codec: Codec, frame: object): Uint8Array {
  const encoded = codec.encode(frame);
  return typeof encoded === 'string' ? utf8.encode(encoded) : encoded;
}

/** A frame that goes to many connections: encoded at most once per codec, and the bytes shared. */
export class SharedFrame {
  readonly frame: object;
  private codec: Codec | undefined;
  private bytes: Uint8Array | undefined;
  private others: Map<Codec, Uint8Array> | undefined;
  private key: string | undefined;
  private hasKey = false;

  constructor(frame: object) {
    this.frame = frame;
  }

  static of(publication: Publication): SharedFrame {
    return new SharedFrame(toPublicationFrame(publication));
  }

  /** Of the first encoding; JSON, which nearly everybody speaks, where there is none yet. */
  get byteLength(): number {
    return this.for(this.codec ?? jsonCodec).byteLength;
  }

  /** What `work` makes of the frame: worked out once, and only where a connection keeps it waiting. */
  keyBy(work: (frame: object) => string | undefined): string | undefined {
    if (!this.hasKey) {
      this.hasKey = true;
      this.key = work(this.frame);
    }
    return this.key;
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
