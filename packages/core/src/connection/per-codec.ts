import type { FrameCodec } from '../ports/transport.ts';

/** What was made for a codec, once for each: nearly always there is one codec, which then costs no map. */
export class PerCodec<Made> {
  /** The codec that asked first. */
  first: FrameCodec | undefined;
  private made: Made | undefined;
  private others: Map<FrameCodec, Made> | undefined;

  get(codec: FrameCodec): Made | undefined {
    return this.first === codec ? this.made : this.others?.get(codec);
  }

  set(codec: FrameCodec, made: Made): Made {
    if (this.first === undefined) {
      this.first = codec;
      this.made = made;
    } else {
      this.others ??= new Map();
      this.others.set(codec, made);
    }
    return made;
  }
}
