// Encodes and decodes on a core of its own.
import { isDeepStrictEqual } from 'node:util';
import { answer } from '../process/answer.ts';
import { findCodecs } from './find.ts';
import { frames } from './frames.ts';

export interface CodecFigures {
  readonly codec: string;
  readonly frame: string;
  readonly bytes: number;
  /** Nanoseconds of CPU for one. */
  readonly encode: number;
  readonly decode: number;
}

export interface CodecCalls {
  measure(options: { readonly seconds: number }): readonly CodecFigures[];
}

/** Looking at the clock must not be what is measured. */
const batch = 500;

/** What nobody reads the compiler may leave out. */
let sink: unknown;

function nanoseconds(work: () => unknown, seconds: number): number {
  const start = process.cpuUsage();
  const used = (): number => {
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  let count = 0;
  while (used() < seconds * 1e6) {
    for (let index = 0; index < batch; index += 1) sink = work();
    count += batch;
  }
  return (used() * 1000) / count;
}

answer<CodecCalls>({
  async measure({ seconds }) {
    const figures: CodecFigures[] = [];
    for (const [name, codec] of await findCodecs()) {
      for (const [frame, value] of Object.entries(frames)) {
        const encoded = codec.encode(value);
        const decoded = codec.decode(encoded);
        if (!isDeepStrictEqual(decoded, value)) {
          throw new Error(`${name}: expected ${JSON.stringify(value)} back, got ${JSON.stringify(decoded)}`);
        }
        // Once for the compiler.
        nanoseconds(() => codec.encode(value), seconds / 4);
        const encode = nanoseconds(() => codec.encode(value), seconds);
        nanoseconds(() => codec.decode(encoded), seconds / 4);
        const decode = nanoseconds(() => codec.decode(encoded), seconds);
        figures.push({ codec: name, frame, bytes: Buffer.byteLength(encoded), encode, decode });
      }
    }
    if (sink === undefined) throw new Error('expected something encoded, got nothing');
    return figures;
  },
});
