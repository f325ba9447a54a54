import type { FrameCodec, WireForm } from '../ports/transport.ts';
import type { SharedFrame } from './encode.ts';

/** About so much is handed to a transport before it is asked again whether the network keeps up. */
export const chunkBytes = 65_536;

/** Frames that go to a connection one behind the other, and often to many connections alike. */
export class FrameRun {
  readonly frames: readonly SharedFrame[];
  private codec: FrameCodec | undefined;
  private made: readonly (readonly WireForm[])[] = [];

  constructor(frames: readonly SharedFrame[]) {
    this.frames = frames;
  }

  get length(): number {
    return this.frames.length;
  }

  /** The frames in the form of a codec, in pieces that may be written at once; the same ones for everybody who asks. */
  chunks(codec: FrameCodec): readonly (readonly WireForm[])[] {
    if (this.codec !== codec) {
      this.codec = codec;
      this.made = cut(this.frames.map((frame) => frame.for(codec)));
    }
    return this.made;
  }
}

function cut(messages: readonly WireForm[]): (readonly WireForm[])[] {
  const chunks: WireForm[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    if (bytes + message.byteLength > chunkBytes) {
      chunks.push([]);
      bytes = 0;
    }
    bytes += message.byteLength;
    chunks.at(-1)?.push(message);
  }
  return chunks;
}
