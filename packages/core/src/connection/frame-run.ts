import type { FrameCodec, WireForm } from '../ports/transport.ts';
import type { SharedFrame } from './encode.ts';
import { PerCodec } from './per-codec.ts';

/** About so much is handed to a transport before it is asked again whether the network keeps up. */
export const chunkBytes = 65_536;

/** Messages that may be handed to a transport at once, weighed once for everybody. */
export interface Chunk {
  readonly messages: readonly WireForm[];
  readonly bytes: number;
}

/** Frames that go to a connection one behind the other, and often to many connections alike. */
export class FrameRun {
  readonly frames: readonly SharedFrame[];
  private readonly cuts = new PerCodec<readonly Chunk[]>();
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
  chunks(codec: FrameCodec): readonly Chunk[] {
    return this.cuts.get(codec) ?? this.cuts.set(codec, cut(this.frames.map((frame) => frame.for(codec))));
  }
}

function cut(messages: readonly WireForm[]): readonly Chunk[] {
  const chunks: { messages: WireForm[]; bytes: number }[] = [];
  let last: (typeof chunks)[number] | undefined;
  for (const message of messages) {
    if (last === undefined || last.bytes + message.byteLength > chunkBytes) {
      last = { messages: [], bytes: 0 };
      chunks.push(last);
    }
    last.bytes += message.byteLength;
    last.messages.push(message);
  }
  return chunks;
}
