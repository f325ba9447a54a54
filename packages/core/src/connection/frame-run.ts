import type { FrameCodec, WireForm } from '../ports/transport.ts';
import type { SharedFrame } from './encode.ts';
import { PerCodec } from './per-codec.ts';

/** About so much is handed to a transport before it is asked again whether the network keeps up. */
export const chunkBytes = 65_536;

/** Frames that go to a connection one behind the other, and often to many connections alike. */
export class FrameRun {
  readonly frames: readonly SharedFrame[];
  private readonly cuts = new PerCodec<readonly (readonly WireForm[])[]>();
  private singles: FrameRun[] | undefined;

  constructor(frames: readonly SharedFrame[]) {
    this.frames = frames;
  }

  get length(): number {
    return this.frames.length;
  }

  /** The frame at this place, as a run of its own. */
  at(index: number): FrameRun {
    const frame = this.frames[index];
    if (this.length === 1 || frame === undefined) return this;
    this.singles ??= [];
    return (this.singles[index] ??= new FrameRun([frame]));
  }

  /** The frames in the form of a codec, in pieces that may be written at once; the same ones for everybody who asks. */
  chunks(codec: FrameCodec): readonly (readonly WireForm[])[] {
    return this.cuts.get(codec) ?? this.cuts.set(codec, cut(this.frames.map((frame) => frame.for(codec))));
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
