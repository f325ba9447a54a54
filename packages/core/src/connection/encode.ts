import type { FrameCodec, WireForm } from '../ports/transport.ts';

const utf8 = new TextEncoder();

/** One frame in the form of one codec. */
export function encode(codec: FrameCodec, frame: object): WireForm {
  const encoded = codec.encode(frame);
  return typeof encoded === 'string' ? utf8.encode(encoded) : encoded;
}

/** A frame that goes to many connections: encoded at most once per codec, and the result shared. */
export class SharedFrame {
  readonly frame: object;
  private codec: FrameCodec | undefined;
  private form: WireForm | undefined;
  private others: Map<FrameCodec, WireForm> | undefined;
  private key: string | undefined;
  private hasKey = false;

  constructor(frame: object) {
    this.frame = frame;
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
    if (this.codec === codec) return this.form as WireForm;
    if (this.codec === undefined) {
      this.codec = codec;
      this.form = encode(codec, this.frame);
      return this.form;
    }
    this.others ??= new Map();
    let form = this.others.get(codec);
    if (form === undefined) {
      form = encode(codec, this.frame);
      this.others.set(codec, form);
    }
    return form;
  }
}
