import { marker, publishedAt } from '../payload.ts';

/** What is told about the markers in a stream. */
export interface MarkerSink {
  /** A publication has begun. True asks when it was published. */
  found(): boolean;
  published(at: bigint): void;
}

const overlap = marker.length - 1;

/** Counts publications in bytes whose protocol it need not know, by the marker in each payload, through chunks cut anywhere. */
export class MarkerReader {
  private readonly sink: MarkerSink;
  /** The last bytes, in which a marker may have begun. */
  private tail = Buffer.alloc(0);

  constructor(sink: MarkerSink) {
    this.sink = sink;
  }

  read(chunk: Buffer, from: number, to: number): void {
    if (to <= from) return;
    const bytes = chunk.subarray(from, to);
    // Holds no more than one marker, and only one that begins before the chunk and ends in it.
    const seam = Buffer.concat([this.tail, bytes.subarray(0, overlap)]);
    if (seam.includes(marker)) this.sink.found();
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + marker.length)) {
      if (!this.sink.found()) continue;
      const published = publishedAt(bytes, at);
      if (published !== undefined) this.sink.published(published);
    }
    // Copied: the chunk's memory is used again for the next socket.
    const rest = bytes.length >= overlap ? bytes : Buffer.concat([this.tail, bytes]);
    this.tail = Buffer.from(rest.subarray(Math.max(rest.length - overlap, 0)));
  }
}
