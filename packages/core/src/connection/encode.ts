import { jsonCodec, type Publication, toPublicationFrame } from '@thrum/protocol';
import type { FrameCodec, WireForm } from '../ports/transport.ts';
import { PerCodec } from './per-codec.ts';

const utf8 = new TextEncoder();

/** One frame in the form of one codec. */
export function encode(codec: FrameCodec, frame: object): WireForm {
  const encoded = codec.encode(frame);
  return typeof encoded === 'string' ? utf8.encode(encoded) : encoded;
}

/** A frame that goes to many connections: encoded at most once per codec, and the result shared. */
export class SharedFrame {
  readonly frame: object;
  private readonly forms = new PerCodec<WireForm>();
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
    return this.for(this.forms.first ?? jsonCodec).byteLength;
  }

  /** What `work` makes of the frame: worked out once, and only where a connection keeps it waiting. */
  keyBy(work: (frame: object) => string | undefined): string | undefined {
    if (!this.hasKey) {
      this.hasKey = true;
      this.key = work(this.frame);
    }
    return this.key;
  }

  for(codec: FrameCodec): WireForm {
    return this.forms.get(codec) ?? this.forms.set(codec, encode(codec, this.frame));
  }
}
